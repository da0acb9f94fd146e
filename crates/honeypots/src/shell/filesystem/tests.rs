#![allow(clippy::unwrap_used)]

use super::{
    change::{CHANGES, WRITTEN},
    *,
};
use crate::shell::personality::Personality;

fn files(user: u32) -> Filesystem {
    Filesystem::new(
        Arc::new(Machine::new(&[0; 32], "", Personality::find("ubuntu"))),
        user,
        "pi",
    )
}

#[test]
fn paths_lead_over_dots_and_links() {
    let files = files(0);
    assert_eq!(
        files.resolve(b"/var/log", b"../../etc/./passwd"),
        b"/etc/passwd"
    );
    assert_eq!(files.resolve(b"/", b"../../.."), b"/");
    assert_eq!(files.resolve(b"/", b"/bin/ls"), b"/usr/bin/ls");
    assert_eq!(files.resolve(b"/", b"tmp/"), b"/tmp");
}

#[test]
fn changes_stay_in_the_session_and_within_bounds() {
    let mut mine = files(0);
    mine.write(b"/tmp/a", b"1", false, Timestamp(0)).unwrap();
    mine.write(b"/tmp/a", b"2", true, Timestamp(0)).unwrap();
    assert_eq!(mine.read(b"/tmp/a"), Ok(b"12".as_slice()));
    assert!(files(0).get(b"/tmp/a").is_none());
    mine.remove(b"/etc", true).unwrap();
    assert_eq!(mine.read(b"/etc/passwd"), Err(Refusal::Missing));
    assert_eq!(
        mine.write(b"/tmp/b", &vec![0; WRITTEN], false, Timestamp(0)),
        Err(Refusal::Full)
    );
    assert_eq!(
        mine.write(b"/nowhere/b", b"", false, Timestamp(0)),
        Err(Refusal::Missing)
    );
    assert_eq!(mine.remove_directory(b"/var"), Err(Refusal::NotEmpty));
    for n in 0..2 * CHANGES {
        let _ = mine.make_directory(format!("/tmp/{n}").as_bytes(), Timestamp(0));
    }
    assert!(mine.changes.len() <= CHANGES);
}

#[test]
fn a_user_may_less_than_root() {
    let mut files = files(1000);
    assert_eq!(files.read(b"/etc/shadow"), Err(Refusal::Denied));
    assert_eq!(files.read(b"/root/.bash_history"), Err(Refusal::Denied));
    assert_eq!(files.list(b"/root").unwrap_err(), Refusal::Denied);
    assert_eq!(
        files.write(b"/etc/x", b"", false, Timestamp(0)),
        Err(Refusal::Denied)
    );
    assert_eq!(files.write(b"/tmp/x", b"", false, Timestamp(0)), Ok(()));
}

#[test]
fn a_directory_moves_with_what_is_in_it() {
    let mut files = files(0);
    files.make_directory(b"/tmp/a", Timestamp(0)).unwrap();
    files.write(b"/tmp/a/b", b"1", false, Timestamp(0)).unwrap();
    files.rename(b"/tmp/a", b"/tmp/c").unwrap();
    assert_eq!(files.read(b"/tmp/c/b"), Ok(b"1".as_slice()));
    assert!(files.get(b"/tmp/a").is_none() && files.get(b"/tmp/a/b").is_none());
    assert_eq!(files.rename(b"/tmp/c", b"/tmp/c/d"), Err(Refusal::Invalid));
    assert_eq!(files.rename(b"/tmp/none", b"/tmp/d"), Err(Refusal::Missing));
    files.rename(b"/etc/ssh", b"/tmp/ssh").unwrap();
    assert!(files.read(b"/tmp/ssh/sshd_config").is_ok());
    files.link(b"/tmp/l", b"c/b", Timestamp(0)).unwrap();
    assert_eq!(files.resolve(b"/tmp", b"l"), b"/tmp/c/b");
    assert_eq!(files.resolve_link(b"/tmp", b"l"), b"/tmp/l");
}
