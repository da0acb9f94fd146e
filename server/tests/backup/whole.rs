//! What was backed up comes back: events, accounts, numbers, sensors, the index, the authority.

use std::{
    os::unix::fs::PermissionsExt as _,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use reqwest::StatusCode;
use serde_json::{Value, json};
use skep_model::{Timestamp, ids::EventId};
use skep_protocol::part::Part;

use crate::{
    contents::{connect, everything, execute, files, found, number, tables},
    program::Server,
    support::{Engine, TestSensor, command, extend, login},
};

/// A whole event: a log-in, two commands, the end.
fn attack(sensor: &TestSensor, word: &str) -> (EventId, Vec<Part>) {
    let event = EventId::new();
    let first = vec![login(b"root", b"\0\xFF \xE2\x82\xAC", true)];
    let line = format!("echo {word}");
    let parts = vec![
        sensor.open(event, first),
        extend(event, 1, vec![command(line.as_bytes()), command(b"exit")]),
        Part::Close {
            event,
            at: Timestamp::now(),
        },
    ];
    (event, parts)
}

async fn attacks(
    server: &Server,
    sensor: &mut TestSensor,
    word: &str,
    count: usize,
) -> Vec<EventId> {
    let mut events = vec![];
    let mut parts = vec![];
    for _ in 0..count {
        let (event, more) = attack(sensor, word);
        events.push(event);
        parts.extend(more);
    }
    server.deliver(sensor, &parts).await;
    events
}

/// A server with something in every table. The columns and tables that nothing fills yet are filled by hand.
pub async fn full(engine: Engine) -> (Server, TestSensor, Vec<EventId>) {
    let server = Server::started(engine).await;
    let mut sensor = server.sensor("one").await;
    let events = attacks(&server, &mut sensor, "before", 30).await;
    let lost = extend(EventId::new(), 4, vec![command(b"whose is it")]);
    assert_eq!(server.deliver(&mut sensor, &[lost]).await.quarantined, 1);
    let (status, _) = server
        .api("POST", "/events/archive", json!({ "ids": &events[..3] }))
        .await;
    assert!(status.is_success());
    let group = server.get("/groups").await["items"][0]["id"].clone();
    let mara = json!({
        "name": "mara", "email": "", "role": "manager", "groups": [group], "password": "a long enough one",
    });
    let (status, _) = server.api("POST", "/users", mara).await;
    assert_eq!(status, StatusCode::CREATED);
    let token =
        json!({ "name": "other", "role": "observer", "areas": [], "groups": [group], "days": 3 });
    let (status, answer) = server.api("POST", "/tokens", token).await;
    assert!(status.is_success(), "{answer}");
    server.log_in("admin", "correct horse").await.unwrap();
    let mut connection = connect(&server.database_url()).await;
    for sql in [
        "INSERT INTO event_tags (event_number, tag) VALUES (4, 'größer')",
        "INSERT INTO service_revisions SELECT id, 1, 'arm', '1.0', '{}', 'services/ssh', 'sha256:00', 5 FROM services
         WHERE name = 'ssh'",
        "INSERT INTO settings (name, value) VALUES ('test', '{}')",
        "INSERT INTO sensor_history (sensor_id, at, presence) SELECT id, 5, 1 FROM sensors",
        "UPDATE events SET latitude = 0.1, longitude = -179.99999999999997, asn = 9007199254740993 WHERE number = 4",
    ] {
        execute(&mut connection, sql).await;
    }
    sqlx::query("INSERT INTO packets (event_number, idx, at, transport, port, payload) VALUES (4, 0, 1, 1, 2, $1)")
        .bind(vec![0_u8, 255, 10])
        .execute(&mut connection)
        .await
        .unwrap();
    (server, sensor, events)
}

pub async fn everything_comes_back(engine: Engine) {
    let (server, mut sensor, events) = full(engine).await;
    let mut server = server;
    let event = format!("/events/{}", events[10]);
    let before = server.get(&event).await;
    let backup = server.file("one.skep");

    // While it is made, events go on coming in; what was there before is in it, whole.
    let at_first = number(&server, "SELECT COUNT(*) FROM events").await;
    let made = Arc::new(AtomicBool::new(false));
    let making = {
        let (mut command, made) = (server.command(&["backup", "one.skep"]), Arc::clone(&made));
        tokio::task::spawn_blocking(move || {
            let output = command.output().unwrap();
            made.store(true, Ordering::SeqCst);
            output
        })
    };
    let mut later = 0;
    while !made.load(Ordering::SeqCst) || later < 50 {
        later += attacks(&server, &mut sensor, "meanwhile", 10).await.len() as i64;
    }
    let output = making.await.unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(
        output.status.success() && said.contains("backed up"),
        "{said}"
    );
    let permissions = backup.metadata().unwrap().permissions();
    assert_eq!(permissions.mode() & 0o777, 0o600);

    let (status, _) = server
        .api("POST", "/events/remove", json!({ "ids": [events[10]] }))
        .await;
    assert!(status.is_success());
    let (status, _) = server.api("GET", &event, Value::Null).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    let session = server.log_in("admin", "correct horse").await.unwrap();
    let highest = number(&server, "SELECT MAX(number) FROM events").await;

    server.stop();
    let authority = files(&server.data());
    server.must(&["restore", "--replace", "one.skep"]);
    assert_eq!(files(&server.data()), authority);
    server.start().await;
    assert_eq!(server.get(&event).await, before);
    let stored = number(&server, "SELECT COUNT(*) FROM events").await;
    assert!(
        (at_first..=at_first + later).contains(&stored),
        "{stored} of {at_first} and {later}"
    );
    // Each event with all of its interactions, and no interactions without an event.
    assert_eq!(
        number(
            &server,
            "SELECT COUNT(*) FROM events e WHERE e.interactions <> (SELECT COUNT(*) FROM interactions i WHERE i.event_number = e.number)",
        )
        .await,
        0
    );
    assert_eq!(
        number(&server, "SELECT COUNT(*) FROM interactions").await,
        3 * (stored + 3)
    );
    assert_eq!(
        number(
            &server,
            "SELECT CAST(SUM(count) AS BIGINT) FROM rollup_events WHERE span = 1",
        )
        .await,
        stored + 3
    );
    assert_eq!(found(&server, "before").await, 30);
    assert!(server.log_in("admin", "correct horse").await.is_some());
    assert!(server.log_in("mara", "a long enough one").await.is_some());
    assert!(!session.is_empty());
    assert_eq!(number(&server, "SELECT COUNT(*) FROM sessions").await, 2);
    let log = server.get("/audit?kind=backup").await.to_string();
    assert!(log.contains("restore") && log.contains("made_at"), "{log}");

    // Numbers that were given after the backup are not given again, and the index goes on growing.
    attacks(&server, &mut sensor, "afterwards", 3).await;
    assert_eq!(
        number(
            &server,
            format!("SELECT MIN(number) FROM events WHERE number > {highest}")
        )
        .await,
        highest + 1
    );
    assert_eq!(found(&server, "afterwards").await, 3);
}

/// A sensor has delivered more than the restored server knows of, and has it no more: the server takes what follows.
pub async fn sensors_go_on_where_they_are(engine: Engine) {
    let mut server = Server::started(engine).await;
    let mut sensor = server.sensor("one").await;
    let (half, parts) = attack(&sensor, "half");
    server.deliver(&mut sensor, &parts[..1]).await;
    let (ongoing, begun) = attack(&sensor, "ongoing");
    server.deliver(&mut sensor, &begun[..1]).await;
    server.must(&["backup", "one.skep"]);
    // Acknowledged, and gone from the spool: the rest of one event, and another as a whole.
    server.deliver(&mut sensor, &parts[1..]).await;
    let (gone, more) = attack(&sensor, "gone");
    server.deliver(&mut sensor, &more[..2]).await;
    server.stop();
    server.must(&["restore", "--replace", "one.skep"]);
    server.start().await;

    let half = server.get(&format!("/events/{half}")).await;
    assert_eq!(half["interactions"].as_array().unwrap().len(), 1);
    assert!(
        half["ended_at"].is_string(),
        "it would stay open for ever: {half}"
    );
    // An event that went on all the time is whole.
    assert_eq!(
        server.deliver(&mut sensor, &begun[1..]).await.quarantined,
        0
    );
    let ongoing = server.get(&format!("/events/{ongoing}")).await;
    assert_eq!(ongoing["interactions"].as_array().unwrap().len(), 3);
    // What is left of an event that is gone is kept where somebody can look at it; new ones come as ever.
    assert_eq!(server.deliver(&mut sensor, &more[2..]).await.quarantined, 1);
    let (status, _) = server
        .api("GET", &format!("/events/{gone}"), Value::Null)
        .await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    let events = attacks(&server, &mut sensor, "new", 5).await;
    let last = server.get(&format!("/events/{}", events[4])).await;
    assert_eq!(last["interactions"].as_array().unwrap().len(), 3);
    let watermark = number(&server, "SELECT seq FROM watermarks").await;
    assert_eq!(watermark as u64, sensor.next - 1);
}

/// A backup of an older schema, made without touching it, is brought up to date when it is restored.
pub async fn an_older_schema_is_brought_up_to_date(engine: Engine) {
    let old = Server::new(engine).await;
    std::fs::create_dir_all(old.data()).unwrap();
    let url = old.database_url();
    let mut connection = connect(&format!(
        "{url}{}",
        if old.database.is_none() {
            "?mode=rwc"
        } else {
            ""
        }
    ))
    .await;
    let folder = match engine {
        Engine::Sqlite => "../migrations/sqlite",
        Engine::Postgres => "../migrations/postgres",
    };
    let migrations = sqlx::migrate::Migrator::new(std::path::Path::new(folder))
        .await
        .unwrap();
    migrations.run_to(1, &mut connection).await.unwrap();
    sqlx::query("INSERT INTO groups (id, name, created_at) VALUES ($1, 'old', 7)")
        .bind(vec![1_u8; 16])
        .execute(&mut connection)
        .await
        .unwrap();
    old.must(&["backup", "old.skep"]);
    assert_eq!(
        number(&old, "SELECT MAX(version) FROM _sqlx_migrations").await,
        1
    );
    let mut new = Server::new(engine).await;
    std::fs::rename(old.file("old.skep"), new.file("old.skep")).unwrap();
    new.must(&["restore", "old.skep"]);
    let newest = migrations.iter().map(|migration| migration.version).max();
    assert_eq!(
        Some(number(&new, "SELECT MAX(version) FROM _sqlx_migrations").await),
        newest
    );
    assert_eq!(
        number(
            &new,
            "SELECT COUNT(*) FROM groups WHERE name = 'old' AND removed_at IS NULL"
        )
        .await,
        1
    );
    new.start().await;
}

/// From SQLite to PostgreSQL and back: the same rows and files each time.
pub async fn there_and_back() {
    let (mut first, _, _) = full(Engine::Sqlite).await;
    first.stop();
    let expected = everything(&first).await;
    for (table, rows) in &expected.0 {
        assert!(!rows.is_empty(), "{table} is empty, which proves nothing");
    }
    first.must(&["backup", "one.skep"]);
    let second = Server::new(Engine::Postgres).await;
    std::fs::rename(first.file("one.skep"), second.file("one.skep")).unwrap();
    second.must(&["restore", "one.skep"]);
    assert_eq!(everything(&second).await, expected);
    second.must(&["backup", "two.skep"]);
    let mut third = Server::new(Engine::Sqlite).await;
    std::fs::rename(second.file("two.skep"), third.file("two.skep")).unwrap();
    third.must(&["restore", "two.skep"]);
    assert_eq!(everything(&third).await, expected);
    assert_eq!(found(&second, "before").await, 30);
    assert_eq!(found(&third, "before").await, 30);
    for sql in [
        "SELECT seq FROM sqlite_sequence WHERE name = 'events'",
        "SELECT seq FROM sqlite_sequence WHERE name = 'services'",
    ] {
        assert_eq!(number(&third, sql).await, number(&first, sql).await);
    }
    // A server runs on it as on the first.
    third.token.clone_from(&first.token);
    third.start().await;
    assert_eq!(
        third.get("/users").await["items"].as_array().unwrap().len(),
        2
    );
    third.stop();
    assert_eq!(tables(&third).await["users"], expected.0["users"]);
}
