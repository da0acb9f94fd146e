//! Commands that encode and hash.

use base64::{Engine, engine::general_purpose::STANDARD};
use sha2::Digest as _;

use super::{Call, files::content, text::print_lines};
use crate::shell::Shell;

pub(super) fn base64(shell: &mut Shell, call: &mut Call<'_>) -> u8 {
    let names = call.operands();
    let (mut bytes, status) = content(shell, call, &names);
    if call.has(b'd') || call.args.iter().any(|arg| arg == b"--decode") {
        bytes.retain(|b| *b != b'\n');
        if let Ok(decoded) = STANDARD.decode(&bytes) {
            call.print(decoded);
        } else {
            call.complain("invalid input");
            return 1;
        }
    } else {
        for row in STANDARD.encode(&bytes).as_bytes().chunks(76) {
            print_lines(call, std::iter::once(row));
        }
    }
    status
}

/// `md5sum`, `sha1sum` and `sha256sum`
pub(super) fn sum(shell: &mut Shell, call: &mut Call<'_>) -> u8 {
    let kind = call.name.rsplit(|b| *b == b'/').next().unwrap_or_default();
    let hash = |bytes: &[u8]| match kind {
        b"md5sum" => format!("{:x}", md5::compute(bytes)),
        b"sha1sum" => format!("{:x}", sha1::Sha1::digest(bytes)),
        _ => format!("{:x}", sha2::Sha256::digest(bytes)),
    };
    let mut names = call.operands();
    if names.is_empty() {
        names.push(b"-");
    }
    let mut status = 0;
    let mut out = vec![];
    for name in names {
        let alone = [name];
        let files: &[&[u8]] = if name == b"-" { &[] } else { &alone };
        let (bytes, failed) = content(shell, call, files);
        if failed == 0 {
            out.extend([hash(&bytes).as_bytes(), b"  ", name, b"\n"].concat());
        }
        status |= failed;
    }
    call.print(out);
    status
}
