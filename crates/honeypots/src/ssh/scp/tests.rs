#![allow(clippy::unwrap_used)]

use std::sync::Arc;

use proptest::prelude::*;

use super::*;
use crate::shell::{Machine, personality::Personality};

fn files() -> Filesystem {
    let machine = Machine::new(&[1; 32], "", Personality::find("ubuntu"));
    Filesystem::new(Arc::new(machine), 0, "root")
}

fn program(line: &str) -> Option<Box<dyn Transfer>> {
    let words: Vec<Vec<u8>> = line.split(' ').map(Into::into).collect();
    start(&words, b"/root")
}

fn all(transfer: &mut dyn Transfer, bytes: &[u8], files: &mut Filesystem) -> Vec<Deed> {
    transfer.receive(bytes);
    std::iter::from_fn(|| transfer.step(files))
        .flatten()
        .collect()
}

#[test]
fn a_file_whose_end_never_came_is_still_told() {
    let (mut scp, mut files) = (program("scp -qt /tmp/x").unwrap(), files());
    all(scp.as_mut(), b"C0755 100 evil\nabc", &mut files);
    let deeds = scp.end();
    assert!(matches!(&deeds[1], Deed::File { name, size: 3, .. } if name == b"/tmp/x"));
    assert!(matches!(deeds[2], Deed::Note(_)));
    assert!(program("scp x y").is_none());
    assert!(program("ls -t").is_none());
}

#[test]
fn a_refused_file_is_told_and_the_next_one_taken() {
    let (mut scp, mut files) = (program("scp -t /tmp").unwrap(), files());
    let lines = b"C0644 3 no/such\nC0644 2 b\nhi\0E\nC0644 0 c\n\0";
    let deeds = all(scp.as_mut(), lines, &mut files);
    assert!(deeds.contains(&Deed::Answer(
        b"\x01scp: /tmp/no/such: No such file or directory\n".to_vec()
    )));
    assert_eq!(files.read(b"/tmp/b"), Ok(b"hi".as_slice()));
    assert_eq!(files.read(b"/tmp/c"), Ok(b"".as_slice()));
}

#[test]
fn a_client_that_wants_no_more_gets_what_it_asked_for_before() {
    for pieces in [&[b"\0\x02".as_slice()][..], &[b"\0", b"\x02\0"]] {
        let (mut scp, mut files) = (program("scp -f /etc/hostname").unwrap(), files());
        let mut deeds = vec![];
        for piece in pieces {
            deeds.extend(all(scp.as_mut(), piece, &mut files));
        }
        assert!(matches!(
            deeds.as_slice(),
            [Deed::Command(_), Deed::Answer(_), Deed::Exit(1)]
        ));
        assert!(scp.end().is_empty());
    }
}

proptest! {
    #[test]
    fn nothing_received_panics(pieces in prop::collection::vec(prop_oneof![
        "[CDETX][0-9]{0,4} [0-9]{1,3} [a-z./]{0,3}\n", "\\PC{0,9}", "\0\0"
    ], 0..12), line in prop::sample::select(vec!["scp -t /tmp", "scp -rt .", "scp -rf /etc", "scp -f /etc/passwd /"])) {
        let (mut scp, mut files) = (program(line).unwrap(), files());
        for piece in pieces {
            all(scp.as_mut(), piece.as_bytes(), &mut files);
        }
        scp.end();
    }
}
