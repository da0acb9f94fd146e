//! What is refused, and that nothing has changed then: other passphrases, running servers, files and databases that
//! hold something, a restore that is killed.

use std::{fs, fs::File, os::unix::process::ExitStatusExt as _};

use age::secrecy::ExposeSecret as _;

use crate::{
    contents::{connect, everything, execute, files},
    program::{Said, Server, said},
    support::Engine,
    whole::full,
};

/// Runs a command with one more variable.
fn with(server: &Server, arguments: &[&str], variable: &str, value: &str) -> Said {
    said(server.command(arguments).env(variable, value))
}

pub async fn what_is_there_is_not_overwritten(engine: Engine) {
    let (mut server, ..) = full(engine).await;
    let folder = files(server.folder.path());
    server.must(&["backup", "one.skep"]);
    let whole = fs::read(server.file("one.skep")).unwrap();
    server.must_not(&["backup", "one.skep"], "is there already");
    assert_eq!(fs::read(server.file("one.skep")).unwrap(), whole);
    server.must_not(&["backup", "--force", "data"], "is no file");
    server.must_not(&["backup", "missing/one.skep"], "No such file");
    server.must(&["backup", "--force", "one.skep"]);
    // Nothing unfinished stays behind.
    let more: Vec<String> = files(server.folder.path())
        .into_keys()
        .filter(|file| !folder.contains_key(file))
        .collect();
    assert_eq!(more, ["one.skep"]);
    // To standard output, from standard input.
    let piped = server.must(&["backup", "-"]);
    server.stop();
    let before = everything(&server).await;
    server.must_not(&["restore", "one.skep"], "--replace");
    server.must_not(&["restore", "two.skep"], "two.skep: No such file");
    assert_eq!(everything(&server).await, before);
    fs::write(server.file("two.skep"), piped.stdout).unwrap();
    let output = server
        .command(&["restore", "--replace", "-"])
        .stdin(File::open(server.file("two.skep")).unwrap())
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success() && text.contains("restored"),
        "{text}"
    );
    assert_eq!(everything(&server).await, before);

    // A database of a newer version, and one that is somebody else's, are left alone.
    let mut connection = connect(&server.database_url()).await;
    let newer =
        "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
         SELECT 99, description, success, checksum, 0 FROM _sqlx_migrations WHERE version = 1";
    execute(&mut connection, newer).await;
    for arguments in [
        &["backup", "no.skep"][..],
        &["restore", "--replace", "two.skep"],
    ] {
        server.must_not(arguments, "it has schema 99");
    }
    execute(&mut connection, "DROP TABLE _sqlx_migrations").await;
    server.must_not(&["backup", "no.skep"], "there is no database");
    server.must_not(&["restore", "--replace", "two.skep"], "not Skep's");
    assert_eq!(everything(&server).await, before);
    assert!(!server.file("no.skep").exists());

    // Where no server ever was, there is nothing to back up, and nothing is made.
    let nobody = Server::new(Engine::Sqlite).await;
    nobody.must_not(&["backup", "one.skep"], "there is no database");
    assert!(!nobody.data().exists() && !nobody.file("one.skep").exists());
}

pub async fn a_running_server_is_left_alone(engine: Engine) {
    let (mut server, ..) = full(engine).await;
    server.must(&["backup", "one.skep"]);
    let before = everything(&server).await;
    server.must_not(&["restore", "--replace", "one.skep"], "is running");
    if let Some(url) = &server.database {
        // From another folder, or another machine, it is the database that is in use.
        let mut elsewhere = Server::new(Engine::Sqlite).await;
        elsewhere.database = Some(url.clone());
        fs::copy(server.file("one.skep"), elsewhere.file("one.skep")).unwrap();
        elsewhere.must_not(
            &["restore", "--replace", "one.skep"],
            "a server or another command uses it",
        );
        assert_eq!(files(&elsewhere.data()).len(), 0);
    }
    assert_eq!(everything(&server).await, before);
    server.stop();
    // And while a backup is restored, nothing else begins.
    let lock = File::options()
        .write(true)
        .open(server.data().join("lock"))
        .unwrap();
    lock.lock().unwrap();
    for command in [&["serve"][..], &["local-sensor"], &["backup", "two.skep"]] {
        server.must_not(command, "is being restored");
    }
    server.must_not(&["restore", "one.skep"], "is running");
    drop(lock);
    server.must(&["restore", "--replace", "one.skep"]);
}

pub async fn backups_are_encrypted_when_asked(engine: Engine) {
    let (mut server, ..) = full(engine).await;
    server.stop();
    let before = everything(&server).await;
    for (file, text) in [
        ("right", "a good passphrase\n"),
        ("wrong", "a bad passphrase\n"),
        ("empty", "\n"),
    ] {
        fs::write(server.file(file), text).unwrap();
    }
    let identity = age::x25519::Identity::generate();
    let public = identity.to_public().to_string();
    fs::write(
        server.file("identity"),
        identity.to_string().expose_secret(),
    )
    .unwrap();
    let other = age::x25519::Identity::generate();
    fs::write(server.file("other"), other.to_string().expose_secret()).unwrap();

    server.must_not(
        &["backup", "--passphrase-file", "empty", "no.skep"],
        "is empty",
    );
    server.must_not(
        &["backup", "--passphrase-file", "none", "no.skep"],
        "No such file",
    );
    assert!(!server.file("no.skep").exists());
    server.must(&["backup", "plain.skep"]);
    server.must(&["backup", "--passphrase-file", "right", "one.skep"]);
    server.must(&["backup", "--recipient", &public, "two.skep"]);
    let variable = "SKEP_BACKUP_PASSPHRASE";
    let three = with(
        &server,
        &["backup", "three.skep"],
        variable,
        "a good passphrase",
    );
    assert!(three.success, "{}", three.stderr);
    for file in ["one.skep", "two.skep", "three.skep"] {
        let bytes = fs::read(server.file(file)).unwrap();
        assert!(bytes.starts_with(b"age-encryption.org/v1\n"), "{file}");
    }

    for (arguments, words) in [
        (&["one.skep"][..], "is encrypted"),
        (&["two.skep"], "is encrypted"),
        (
            &["one.skep", "--passphrase-file", "wrong"],
            "is not the backup's",
        ),
        (
            &["three.skep", "--passphrase-file", "wrong"],
            "is not the backup's",
        ),
        (
            &["one.skep", "--identity", "identity"],
            "is not the backup's",
        ),
        (
            &["two.skep", "--passphrase-file", "right"],
            "is not the backup's",
        ),
        (&["two.skep", "--identity", "other"], "is not the backup's"),
        (
            &["two.skep", "--identity", "right"],
            "non-identity data on line 1",
        ),
        (
            &["plain.skep", "--passphrase-file", "right"],
            "is not encrypted",
        ),
        (
            &["plain.skep", "--identity", "identity"],
            "is not encrypted",
        ),
    ] {
        server.must_not(&[&["restore", "--replace"], arguments].concat(), words);
    }
    assert_eq!(everything(&server).await, before);
    for arguments in [
        &["one.skep", "--passphrase-file", "right"][..],
        &["three.skep", "--passphrase-file", "right"],
        &["two.skep", "--identity", "identity"],
    ] {
        server.must(&[&["restore", "--replace"], arguments].concat());
        assert_eq!(everything(&server).await, before);
    }

    damage_is_found(&server);
    assert_eq!(everything(&server).await, before);
}

/// Damage is found under the encryption as well.
fn damage_is_found(server: &Server) {
    let whole = fs::read(server.file("two.skep")).unwrap();
    for part in 1..=12 {
        let place = (whole.len() - 1) * part / 12;
        let mut changed = whole.clone();
        changed[place] ^= 1;
        for bytes in [&changed[..], &whole[..place]] {
            fs::write(server.file("bad.skep"), bytes).unwrap();
            server.must_not(
                &["restore", "--replace", "--identity", "identity", "bad.skep"],
                "",
            );
        }
    }
}

pub async fn a_killed_restore_leaves_the_old_state(engine: Engine) {
    let (mut old, ..) = full(engine).await;
    let (mut new, ..) = full(Engine::Sqlite).await;
    new.must(&["backup", "new.skep"]);
    new.stop();
    old.stop();
    fs::copy(new.file("new.skep"), old.file("new.skep")).unwrap();
    let before = everything(&old).await;
    let restored = everything(&new).await;
    let kill = |old: &Server, place: &str, after: u32| {
        let mut command = old.command(&["restore", "--replace", "new.skep"]);
        command
            .env("SKEP_KILL_AT", place)
            .env("SKEP_KILL_AFTER", after.to_string());
        let output = command.output().unwrap();
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.signal(), Some(9), "{place} {after}: {text}");
    };
    for (place, after) in [
        ("restore-rows", 1),
        ("restore-rows", 6),
        ("restore-rows", 12),
        ("restore-before-commit", 1),
    ] {
        kill(&old, place, after);
        let (tables, mut files) = everything(&old).await;
        assert_eq!(tables, before.0, "{place} {after}");
        // What was laid ready is still there, and is nobody's.
        files.retain(|file, _| !file.starts_with("restore-"));
        assert_eq!(files, before.1, "{place} {after}");
    }
    // The next start clears up.
    old.start().await;
    old.stop();
    assert_eq!(files(&old.data()), before.1);

    // Once the database has it, it is so, and the next start puts the files in their places.
    kill(&old, "restore-after-commit", 1);
    assert_ne!(files(&old.data()), restored.1);
    old.start().await;
    old.stop();
    let (tables, files) = everything(&old).await;
    assert_eq!(files, restored.1);
    assert_eq!(tables["interactions"], restored.0["interactions"]);
    assert_eq!(tables["users"].len(), restored.0["users"].len());
}
