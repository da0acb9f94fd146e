#![allow(clippy::unwrap_used)]

use std::sync::Arc;

use proptest::prelude::*;
use skep_model::limits;

use super::*;
use crate::shell::{Machine, personality::Personality};

fn files() -> Filesystem {
    Filesystem::new(
        Arc::new(Machine::new(&[1; 32], "", Personality::find("ubuntu"))),
        0,
        "root",
    )
}

/// A request with number 7.
fn request(kind: u8, parts: &[&[u8]], rest: &[u8]) -> Vec<u8> {
    let mut body = 7u32.to_be_bytes().to_vec();
    for part in parts {
        packet::string(&mut body, part);
    }
    body.extend_from_slice(rest);
    packet::framed(kind, &body)
}

fn all(sftp: &mut Sftp, bytes: &[u8], files: &mut Filesystem) -> Vec<Deed> {
    sftp.receive(bytes);
    std::iter::from_fn(|| sftp.step(files)).flatten().collect()
}

#[test]
fn a_file_whose_end_never_came_is_still_told() {
    let (mut sftp, mut files) = (Sftp::new(b"/root"), files());
    let flags = [0, 0, 0, 0x1a, 0, 0, 0, 0];
    let deeds = all(
        &mut sftp,
        &request(packet::OPEN, &[b"\xff"], &flags),
        &mut files,
    );
    assert_eq!(deeds[0], Deed::Command(b"sftp: put \xff".to_vec()));
    let mut write = vec![];
    packet::string(&mut write, &0u32.to_be_bytes());
    write.extend_from_slice(&0u64.to_be_bytes());
    packet::string(&mut write, &vec![b'x'; 70_000]);
    let deeds = all(&mut sftp, &request(packet::WRITE, &[], &write), &mut files);
    assert_eq!(deeds[0], Deed::Received(vec![b'x'; limits::VALUE]));
    let deeds = sftp.end();
    assert_eq!(deeds[0], Deed::Received(vec![b'x'; 70_000 - limits::VALUE]));
    assert!(
        matches!(&deeds[1], Deed::File { name, size: 70_000, sha256 } if name == b"\xff" && sha256.len() == 64)
    );
    assert!(matches!(deeds[2], Deed::Note(_)));
}

#[test]
fn a_packet_that_cannot_be_read_ends_it() {
    for bytes in [
        b"\xff\xff\xff\xff\x01".as_slice(),
        b"\0\0\0\0",
        b"\0\0\0\x01\x03",
        b"\0\0\0\x0c\x04\0\0\0\x01\0\0\0\xff...",
    ] {
        let deeds = all(&mut Sftp::new(b"/"), bytes, &mut files());
        assert_eq!(deeds, [Deed::Exit(255)], "{bytes:?}");
    }
}

proptest! {
    #[test]
    fn no_packets_panic(packets in prop::collection::vec((0u8..22, prop::collection::vec(prop_oneof![Just(b"/tmp/a".to_vec()), Just(b"/tmp".to_vec()), Just(0u32.to_be_bytes().to_vec()), any::<Vec<u8>>()], 0..3), any::<Vec<u8>>()), 0..20)) {
        let (mut sftp, mut files) = (Sftp::new(b"/root"), files());
        for (kind, parts, rest) in packets {
            let parts: Vec<&[u8]> = parts.iter().map(Vec::as_slice).collect();
            all(&mut sftp, &request(kind, &parts, &rest), &mut files);
        }
        sftp.end();
    }
}
