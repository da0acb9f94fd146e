//! Damaged and hostile backups: each is refused with a reason, and database and folder stay as they were.

use std::fs;

use serde_json::{Value, json};
use tar::EntryType;

use crate::{
    archives::{Member, apart, sealed, summed, together},
    contents::everything,
    program::{Server, said},
    support::Engine,
    whole::full,
};

/// Cut off at many places, and one bit changed at many places.
pub async fn damaged_backups_change_nothing(engine: Engine) {
    let (mut server, ..) = full(engine).await;
    server.must(&["backup", "whole.skep"]);
    server.stop();
    let before = everything(&server).await;
    let whole = fs::read(server.file("whole.skep")).unwrap();
    let refuse = |bytes: &[u8], what: String| {
        fs::write(server.file("bad.skep"), bytes).unwrap();
        let said = server.run(&["restore", "--replace", "bad.skep"]);
        assert!(
            !said.success && said.stderr.contains("Nothing was changed"),
            "{what}: {}",
            said.stderr
        );
    };
    let places = match engine {
        Engine::Sqlite => 60,
        Engine::Postgres => 20,
    };
    for part in 0..places {
        let place = whole.len() * part / places;
        refuse(&whole[..place], format!("cut off at {place}"));
        let mut changed = whole.clone();
        changed[place] ^= 1 << (part % 8);
        refuse(&changed, format!("changed at {place}"));
    }
    // The last bytes are the checksum, and the ones before them the archive's end.
    for back in 1..=20 {
        refuse(
            &whole[..whole.len() - back * 4],
            format!("without the last {}", back * 4),
        );
    }
    refuse(&[&whole[..], b"x"].concat(), "something added".to_owned());
    refuse(&[&whole[..], &whole[..]].concat(), "twice".to_owned());
    assert_eq!(everything(&server).await, before);

    // Nor is anything made where nothing was.
    let fresh = Server::new(Engine::Sqlite).await;
    fs::write(fresh.file("bad.skep"), &whole[..whole.len() - 1]).unwrap();
    fresh.must_not(&["restore", "bad.skep"], "damaged or cut off");
    let left: Vec<_> = fs::read_dir(fresh.data())
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert_eq!(left, ["lock"]);
}

/// Changes the JSON of a member.
fn edited(members: &[Member], name: &str, edit: impl Fn(&mut Value)) -> Vec<u8> {
    let mut members = members.to_vec();
    let member = members
        .iter_mut()
        .find(|member| member.name == name)
        .unwrap();
    let mut value = serde_json::from_slice(&member.content).unwrap();
    edit(&mut value);
    member.content = serde_json::to_vec(&value).unwrap();
    together(&members)
}

/// Changes the members.
fn with(members: &[Member], change: impl Fn(&mut Vec<Member>)) -> Vec<u8> {
    let mut members = members.to_vec();
    change(&mut members);
    together(&members)
}

const SETTINGS: &str = "tables/settings/000001.cbor";

/// Puts other bytes in the place of the settings' one row: text, text.
fn settings(members: &[Member], content: &[u8]) -> Vec<u8> {
    with(members, |members| {
        members
            .iter_mut()
            .find(|member| member.name == SETTINGS)
            .unwrap()
            .content = content.to_vec();
    })
}

/// A frame that grows from a few kilobytes to many megabytes, in place of a whole archive.
fn bomb() -> Vec<u8> {
    let mut header = tar::Header::new_ustar();
    header.set_path("manifest.json").unwrap();
    header.set_size(8 << 30);
    header.set_cksum();
    let mut tar = header.as_bytes().to_vec();
    tar.resize(512 << 20, b' ');
    summed(zstd::encode_all(tar.as_slice(), 1).unwrap())
}

/// What it is, the backup, and a word of the refusal.
type Hostile = (&'static str, Vec<u8>, &'static str);

fn place(members: &[Member], name: &str) -> usize {
    members
        .iter()
        .position(|member| member.name == name)
        .unwrap()
}

/// Archives that are none, and members that are not Skep's.
fn strange(members: &[Member]) -> Vec<Hostile> {
    let last = members.len() - 1;
    let added = |member: Member| with(members, |members| members.insert(last, member.clone()));
    let link = |kind| Member {
        kind,
        ..Member::file("files/tls/ca.pem", "")
    };
    vec![
        ("no archive", b"hello".to_vec(), "no backup"),
        ("nothing", vec![], "no backup"),
        ("an empty archive", together(&[]), "its end is missing"),
        ("an empty tar", sealed(&[0; 1024]), "its end is missing"),
        ("a bomb", bomb(), "kind or length"),
        (
            "a path that leads out",
            added(Member::file("files/../../out", "x")),
            "does not know",
        ),
        (
            "an absolute path",
            added(Member::file("/tmp/out", "x")),
            "out of place",
        ),
        (
            "another file",
            added(Member::file("files/tls/other", "x")),
            "does not know",
        ),
        ("a link", added(link(EntryType::Symlink)), "kind or length"),
        (
            "a hard link",
            added(link(EntryType::Link)),
            "kind or length",
        ),
        ("a device", added(link(EntryType::Char)), "kind or length"),
        (
            "a long name",
            added(Member {
                kind: EntryType::GNULongName,
                ..Member::file("x", vec![b'x'; 9000])
            }),
            "kind or length",
        ),
        (
            "an unknown table",
            added(Member::file("tables/sqlite_schema/000001.cbor", "x")),
            "out of place",
        ),
        (
            "a table that is left out",
            added(Member::file("tables/sessions/000001.cbor", "x")),
            "out of place",
        ),
        (
            "statements for a name",
            added(Member::file("tables/x; DROP TABLE users/000001.cbor", "x")),
            "out of place",
        ),
    ]
}

/// Members that are missing, too many, or out of order.
fn disordered(members: &[Member]) -> Vec<Hostile> {
    let last = members.len() - 1;
    let users = place(members, "tables/users/000001.cbor");
    let row = place(members, SETTINGS);
    vec![
        (
            "no manifest",
            with(members, |members| drop(members.remove(0))),
            "manifest",
        ),
        (
            "two manifests",
            with(members, |members| members.insert(1, members[0].clone())),
            "out of place",
        ),
        (
            "no end",
            with(members, |members| drop(members.pop())),
            "its end is missing",
        ),
        (
            "something after the end",
            with(members, |members| members.push(members[row].clone())),
            "out of place",
        ),
        (
            "a table less",
            with(members, |members| drop(members.remove(row))),
            "are missing",
        ),
        (
            "a table twice",
            with(members, |members| members.insert(row, members[row].clone())),
            "out of place",
        ),
        (
            "tables in another order",
            with(members, |members| members.swap(users, row)),
            "out of place",
        ),
        (
            "half an authority",
            with(members, |members| drop(members.remove(last - 1))),
            "are missing",
        ),
        (
            "an authority that is none",
            with(members, |members| members[last - 1].content = b"x".to_vec()),
            "authority",
        ),
    ]
}

/// Rows that are none, or not those of the table.
fn misshapen(members: &[Member]) -> Vec<Hostile> {
    let users = place(members, "tables/users/000001.cbor");
    let nested = [vec![0x82], vec![0x81; 100_000]].concat();
    vec![
        (
            "no rows",
            settings(members, b"hello"),
            "something else than rows",
        ),
        (
            "too few columns",
            settings(members, b"\x81\x61x"),
            "something else than rows",
        ),
        (
            "too many columns",
            settings(members, b"\x83\x61x\x61y\x61z"),
            "something else than rows",
        ),
        (
            "a number for text",
            settings(members, b"\x82\x01\x61x"),
            "a row is not",
        ),
        (
            "nothing for something",
            settings(members, b"\x82\xF6\x61x"),
            "a row is not",
        ),
        (
            "bytes for text",
            settings(members, b"\x82\x41x\x61x"),
            "a row is not",
        ),
        (
            "text that is none",
            settings(members, b"\x82\x61\xFF\x61x"),
            "something else than rows",
        ),
        (
            "an endless text",
            settings(members, b"\x82\x7B\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF"),
            "something else than rows",
        ),
        (
            "a number too large",
            settings(members, b"\x82\x1B\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x61x"),
            "something else than rows",
        ),
        (
            "rows in rows",
            settings(members, &nested),
            "something else than rows",
        ),
        (
            "a row twice",
            settings(members, b"\x82\x61x\x61x\x82\x61x\x61x"),
            "contradict",
        ),
        ("fewer rows", settings(members, b""), "are missing"),
        (
            "more rows",
            settings(members, b"\x82\x61x\x61x\x82\x61y\x61x"),
            "are missing",
        ),
        (
            "rows that refer to nothing",
            with(members, |members| members[users].content.clear()),
            "contradict",
        ),
    ]
}

/// Other versions, and other words than Skep's.
fn misdescribed(members: &[Member]) -> Vec<Hostile> {
    vec![
        (
            "a newer schema",
            edited(members, "manifest.json", |json| json["schema"] = json!(99)),
            "newer version",
        ),
        (
            "a newer format",
            edited(members, "manifest.json", |json| {
                *json = json!({ "format": 2, "program": "skep-server 9" });
            }),
            "newer version",
        ),
        (
            "a schema that never was",
            edited(members, "manifest.json", |json| json["schema"] = json!(-1)),
            "version",
        ),
        (
            "an older schema",
            edited(members, "manifest.json", |json| json["schema"] = json!(1)),
            "not those of its schema",
        ),
        (
            "other columns",
            edited(members, "manifest.json", |json| {
                json["tables"][0]["columns"][0] = json!("x");
            }),
            "not those of its schema",
        ),
        (
            "a manifest of something else",
            edited(members, "manifest.json", |json| *json = json!([])),
            "manifest.json",
        ),
        (
            "counters that leave no number",
            edited(members, "end.json", |json| {
                json["counters"]["events"] = json!(i64::MAX);
            }),
            "a counter is not",
        ),
        (
            "an end of something else",
            edited(members, "end.json", |json| *json = json!({})),
            "end.json",
        ),
    ]
}

pub async fn hostile_backups_change_nothing(engine: Engine) {
    let (mut server, ..) = full(engine).await;
    server.must(&["backup", "whole.skep"]);
    server.stop();
    let before = everything(&server).await;
    let members = apart(&fs::read(server.file("whole.skep")).unwrap());
    let all = [
        strange(&members),
        disordered(&members),
        misshapen(&members),
        misdescribed(&members),
    ];
    let script = "ulimit -v 2000000; exec \"$0\" restore --replace bad.skep";
    for (what, bytes, words) in all.into_iter().flatten() {
        fs::write(server.file("bad.skep"), bytes).unwrap();
        let program = server.command(&[]);
        let mut limited = std::process::Command::new("bash");
        limited.args(["-c", script]).arg(program.get_program());
        limited.current_dir(server.folder.path());
        for (name, value) in program.get_envs() {
            match value {
                Some(value) => limited.env(name, value),
                None => limited.env_remove(name),
            };
        }
        let refused = said(&mut limited);
        assert!(!refused.success, "{what} was restored");
        refused.is_refusal(words);
        assert_eq!(everything(&server).await, before, "{what}");
    }
    assert!(!server.file("out").exists() && !std::path::Path::new("/tmp/out").exists());
    // The way in which they were made is not what is wrong with them.
    fs::write(server.file("good.skep"), together(&members)).unwrap();
    server.must(&["restore", "--replace", "good.skep"]);
    assert_eq!(everything(&server).await, before);
}
