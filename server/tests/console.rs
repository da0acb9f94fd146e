//! Users, groups, tokens, archive, quarantine, settings, audit log: through the front door, on both databases.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    missing_docs,
    reason = "a test may fail"
)]

mod support;

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use reqwest::StatusCode;
use rustls::{
    RootCertStore,
    client::{WebPkiServerVerifier, danger::ServerCertVerifier as _},
    pki_types::{CertificateDer, ServerName, UnixTime, pem::PemObject as _},
};
use serde_json::{Value, json};
use skep_model::{InteractionKind, Timestamp, ids::EventId, user::Role};
use skep_protocol::part::Part;
use support::{Engine, TestApp, command, cookie, extend, login, random};

on_both!(
    a_user_is_made_changed_and_removed,
    a_given_password_must_be_changed_first,
    names_that_differ_by_case_only_are_one,
    the_last_admin_stays,
    a_removed_group_leaves_its_events_in_the_archive,
    removed_events_are_not_counted_any_more,
    an_archived_event_comes_back_as_it_was,
    renewed_certificates_are_of_the_same_authority,
    a_token_reaches_its_areas_and_groups_until_it_ends,
    the_audit_log_says_who_changed_what,
    a_rejected_part_can_be_taken_again,
    settings_bind_managers,
    settings_say_what_new_sensors_offer,
    a_sensor_has_a_history_and_is_called,
);

/// Asks the API.
async fn call(
    app: &TestApp,
    method: &str,
    path: &str,
    token: &str,
    body: Value,
) -> (StatusCode, Value) {
    let mut request = app
        .http
        .request(method.parse().unwrap(), format!("{}/api/v1{path}", app.url))
        .bearer_auth(token);
    if !body.is_null() {
        request = request.json(&body);
    }
    let answer = request.send().await.unwrap();
    let status = answer.status();
    let text = answer.text().await.unwrap();
    (status, serde_json::from_str(&text).unwrap_or(Value::Null))
}

/// Waits until something holds.
async fn eventually<F: Future<Output = bool>>(what: &str, holds: impl Fn() -> F) {
    let begun = Instant::now();
    while !holds().await {
        assert!(begun.elapsed() < Duration::from_secs(20), "{what}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

async fn log_in(app: &TestApp, name: &str, password: &str) -> Option<String> {
    let answer = app
        .post_fn("log_in", &[("name", name), ("password", password)], "")
        .await;
    (answer.status() == StatusCode::OK).then(|| cookie(&answer))
}

async fn a_user_is_made_changed_and_removed(engine: Engine) {
    let app = TestApp::start(engine).await;
    let token = app.token(Role::Admin).await;
    let group = app.group().await;
    let draft = json!({
        "name": "mara", "email": "mara@example.org", "role": "manager", "groups": [group], "password": "a long enough one",
    });
    let (status, mara) = call(&app, "POST", "/users", &token, draft.clone()).await;
    assert_eq!(status, StatusCode::CREATED, "{mara}");
    assert!(mara.get("password").is_none());
    let path = format!("/users/{}", mara["id"].as_str().unwrap());

    for (field, value, status) in [
        ("name", json!("mara"), StatusCode::UNPROCESSABLE_ENTITY),
        ("name", json!(""), StatusCode::UNPROCESSABLE_ENTITY),
        ("password", json!("short"), StatusCode::UNPROCESSABLE_ENTITY),
        ("password", Value::Null, StatusCode::UNPROCESSABLE_ENTITY),
        ("email", json!("nobody"), StatusCode::UNPROCESSABLE_ENTITY),
        (
            "groups",
            json!([EventId::new()]),
            StatusCode::UNPROCESSABLE_ENTITY,
        ),
        ("role", json!("king"), StatusCode::BAD_REQUEST),
    ] {
        let mut wrong = draft.clone();
        if field != "name" {
            wrong["name"] = json!("other");
        }
        wrong[field] = value.clone();
        let (got, problem) = call(&app, "POST", "/users", &token, wrong).await;
        assert_eq!(got, status, "{field} {value} {problem}");
        assert!(problem["title"].is_string(), "{field} {problem}");
    }
    let (_, users) = call(&app, "GET", "/users", &token, Value::Null).await;
    assert_eq!(users["items"].as_array().unwrap().len(), 2);

    let session = log_in(&app, "mara", "a long enough one").await.unwrap();
    assert_eq!(app.get("/sensors", &session).await.status(), StatusCode::OK);
    assert_eq!(
        app.get("/quarantine", &session).await.status(),
        StatusCode::OK
    );
    assert_eq!(
        app.get("/users", &session).await.status(),
        StatusCode::FORBIDDEN
    );

    // A lesser role holds at once, in the session that is open; a new password ends it.
    let mut lesser = draft.clone();
    lesser["role"] = json!("observer");
    lesser.as_object_mut().unwrap().remove("password");
    let (status, _) = call(&app, "PUT", &path, &token, lesser.clone()).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(
        app.get("/quarantine", &session).await.status(),
        StatusCode::FORBIDDEN
    );
    lesser["password"] = json!("another long one");
    let (status, _) = call(&app, "PUT", &path, &token, lesser).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(
        app.get("/sensors", &session).await.status(),
        StatusCode::SEE_OTHER
    );
    assert!(log_in(&app, "mara", "a long enough one").await.is_none());
    let session = log_in(&app, "mara", "another long one").await.unwrap();

    let (status, _) = call(&app, "DELETE", &path, &token, Value::Null).await;
    assert_eq!(status, StatusCode::NO_CONTENT);
    assert_eq!(
        app.get("/sensors", &session).await.status(),
        StatusCode::SEE_OTHER
    );
    assert!(log_in(&app, "mara", "another long one").await.is_none());
    let (status, _) = call(&app, "GET", &path, &token, Value::Null).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
}

async fn names_that_differ_by_case_only_are_one(engine: Engine) {
    let app = TestApp::start(engine).await;
    let token = app.token(Role::Admin).await;
    let user =
        |name: &str| json!({ "name": name, "role": "admin", "password": "a password of hers" });
    let group = |name: &str| json!({ "name": name });
    let (status, _) = call(&app, "POST", "/users", &token, user("Mara")).await;
    assert_eq!(status, StatusCode::CREATED);
    let (status, _) = call(&app, "POST", "/groups", &token, group("DMZ")).await;
    assert_eq!(status, StatusCode::CREATED);
    for (path, draft) in [("/users", user("mara")), ("/groups", group("dmz"))] {
        let (status, problem) = call(&app, "POST", path, &token, draft).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{problem}");
        assert_eq!(problem["title"], "name: is taken", "{path}");
    }
    assert!(log_in(&app, "MARA", "a password of hers").await.is_some());
    for name in ["Jörg Österreich", "JÖRG Österreich"] {
        let (status, _) = call(&app, "POST", "/users", &token, user(name)).await;
        assert_eq!(
            status,
            StatusCode::CREATED,
            "only ASCII letters have a case"
        );
        assert!(
            log_in(&app, name, "a password of hers").await.is_some(),
            "{name}"
        );
    }
}

async fn a_given_password_must_be_changed_first(engine: Engine) {
    let app = TestApp::start(engine).await;
    let token = app.token(Role::Admin).await;
    let draft = json!({
        "name": "noor", "role": "admin", "password": "given by the admin", "must_change": true,
    });
    assert_eq!(
        call(&app, "POST", "/users", &token, draft).await.0,
        StatusCode::CREATED
    );
    let session = log_in(&app, "noor", "given by the admin").await.unwrap();
    let other = log_in(&app, "noor", "given by the admin").await.unwrap();
    for path in ["/", "/events", "/users", "/profile"] {
        let answer = app.get(path, &session).await;
        assert_eq!(
            (
                answer.status(),
                answer.headers()["location"].to_str().unwrap()
            ),
            (StatusCode::SEE_OTHER, "/password"),
            "{path}"
        );
    }
    for name in ["dashboard", "events", "users", "profile"] {
        let answer = app.post_fn(name, &[], &session).await;
        assert_eq!(answer.status(), StatusCode::FORBIDDEN, "{name}");
    }
    assert_eq!(
        app.get("/live", &session).await.status(),
        StatusCode::FORBIDDEN
    );
    assert_eq!(
        app.get("/password", &session).await.status(),
        StatusCode::OK
    );

    for (old, new, repeat) in [
        ("wrong", "my very own words", "my very own words"),
        ("given by the admin", "short", "short"),
        ("given by the admin", "my very own words", "something else"),
        (
            "given by the admin",
            "given by the admin",
            "given by the admin",
        ),
    ] {
        let form = [("old", old), ("password", new), ("repeat", repeat)];
        let answer = app.post_fn("change_password", &form, &session).await;
        assert_eq!(answer.status(), StatusCode::UNPROCESSABLE_ENTITY, "{new}");
    }
    let form = [
        ("old", "given by the admin"),
        ("password", "my very own words"),
        ("repeat", "my very own words"),
    ];
    let answer = app.post_fn("change_password", &form, &session).await;
    assert_eq!(answer.status(), StatusCode::OK);
    assert_eq!(app.get("/users", &session).await.status(), StatusCode::OK);
    assert_eq!(
        app.get("/users", &other).await.status(),
        StatusCode::SEE_OTHER
    );
    assert!(log_in(&app, "noor", "my very own words").await.is_some());
}

async fn the_last_admin_stays(engine: Engine) {
    let app = TestApp::start(engine).await;
    let token = app.token(Role::Admin).await;
    let admin = format!("/users/{}", app.user_id("admin").await);
    let lesser = json!({ "name": "admin", "role": "manager" });
    let (status, problem) = call(&app, "PUT", &admin, &token, lesser.clone()).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{problem}");
    let (status, _) = call(&app, "DELETE", &admin, &token, Value::Null).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);

    let draft = json!({ "name": "second", "role": "admin", "password": "a long enough one" });
    let (_, second) = call(&app, "POST", "/users", &token, draft).await;
    let second = format!("/users/{}", second["id"].as_str().unwrap());
    // Two admins who take the role from each other at once: one of them stays.
    let other = json!({ "name": "second", "role": "observer" });
    let (a, b) = tokio::join!(
        call(&app, "PUT", &admin, &token, lesser),
        call(&app, "PUT", &second, &token, other)
    );
    let mut got = [a.0.as_u16(), b.0.as_u16()];
    got.sort_unstable();
    assert_eq!(got, [200, 422]);
    let admins = app.count("SELECT COUNT(*) FROM users WHERE role = 3").await;
    assert_eq!(admins, 1);
}

async fn a_removed_group_leaves_its_events_in_the_archive(engine: Engine) {
    let app = TestApp::start(engine).await;
    app.hub.start_jobs();
    let token = app.token(Role::Admin).await;
    let (_, made) = call(&app, "POST", "/groups", &token, json!({ "name": "lab" })).await;
    let group = made["id"].as_str().unwrap().parse().unwrap();
    let mut sensor = app.sensor("lab-1", group).await;
    let member = app.user("member", Role::Manager, group).await;
    // More than one chunk.
    for _ in 0..5 {
        let parts: Vec<Part> = (0..90)
            .map(|_| sensor.open(EventId::new(), vec![login(b"root", b"toor", false)]))
            .collect();
        sensor.send(&app, &parts).await;
    }
    let event = EventId::new();
    sensor
        .send(
            &app,
            &[sensor.open(event, vec![command(b"id"), command(b"ls")])],
        )
        .await;
    let before = app
        .count("SELECT CAST(SUM(count) AS BIGINT) FROM rollup_events")
        .await;
    assert_eq!(app.get("/events", &member).await.status(), StatusCode::OK);

    let path = format!("/groups/{group}?events=archive");
    assert_eq!(
        call(&app, "DELETE", &path, &token, Value::Null).await.0,
        StatusCode::NO_CONTENT
    );
    // At once: the group and its sensors are out of sight, and its sensors are not heard any more.
    let (_, groups) = call(&app, "GET", "/groups", &token, Value::Null).await;
    assert_eq!(groups["items"].as_array().unwrap().len(), 1);
    let (_, sensors) = call(&app, "GET", "/sensors", &token, Value::Null).await;
    assert_eq!(sensors["items"].as_array().unwrap().len(), 0);
    let poll = sensor
        .post(&app, "/sensor/v1/poll", b"{}", Timestamp::now(), random())
        .await;
    assert_eq!(poll.status(), StatusCode::UNAUTHORIZED);
    // A moment later: its events are in the archive, as they were, counted as before.
    eventually("the events are archived", async || {
        app.count("SELECT COUNT(*) FROM events").await == 0
            && app.count("SELECT COUNT(*) FROM groups").await == 1
    })
    .await;
    assert_eq!(app.count("SELECT COUNT(*) FROM archived_events").await, 451);
    assert_eq!(app.count("SELECT COUNT(*) FROM sensors").await, 0);
    let after = app
        .count("SELECT CAST(SUM(count) AS BIGINT) FROM rollup_events")
        .await;
    assert_eq!(before, after);
    let kept = app
        .api_json(&format!("/api/v1/events/{event}"), &token)
        .await;
    assert_eq!(
        (&kept["sensor"]["name"], &kept["group"]["name"]),
        (&json!("lab-1"), &json!("lab"))
    );
    assert_eq!(kept["interactions"].as_array().unwrap().len(), 2);
    assert!(kept["archived_at"].is_string());
    let list = app
        .api_json("/api/v1/events?archived=true&limit=200", &token)
        .await;
    assert_eq!(list["items"].as_array().unwrap().len(), 200);
    // After the group only admins see it.
    let answer = app.get(&format!("/events/{event}"), &member).await;
    assert_eq!(answer.status(), StatusCode::NOT_FOUND);
    // The archive is for reading.
    let (status, _) = call(
        &app,
        "PATCH",
        &format!("/events/{event}"),
        &token,
        json!({ "status": "resolved" }),
    )
    .await;
    assert_eq!(status, StatusCode::NOT_FOUND);
}

async fn an_archived_event_comes_back_as_it_was(engine: Engine) {
    let app = TestApp::start(engine).await;
    let token = app.token(Role::Admin).await;
    let mut sensor = app.sensor("one", app.group().await).await;
    let (event, live) = (EventId::new(), EventId::new());
    let steps = vec![login(b"root", b"toor", true), command(b"id")];
    sensor.send(&app, &[sensor.open(event, steps)]).await;
    sensor
        .send(&app, &[sensor.open(live, vec![command(b"w")])])
        .await;
    let path = format!("/events/{event}");
    let edit = json!({ "status": "resolved", "comment": "ours" });
    call(&app, "PATCH", &path, &token, edit).await;
    let (_, before) = call(&app, "GET", &path, &token, Value::Null).await;
    app.archive(event).await;
    let ids = json!({ "ids": [event, live] });
    let (status, done) = call(&app, "POST", "/events/restore", &token, ids.clone()).await;
    assert_eq!((status, &done["count"]), (StatusCode::OK, &json!(1)));
    let (_, after) = call(&app, "GET", &path, &token, Value::Null).await;
    assert_eq!(after, before);
    assert_eq!(app.count("SELECT COUNT(*) FROM archived_events").await, 0);
    // It is live: there is nothing to bring back.
    let (status, _) = call(&app, "POST", "/events/restore", &token, ids.clone()).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    // Its sensor is gone: it stays in the archive.
    app.archive(event).await;
    let path = format!("/sensors/{}?events=archive", sensor.id);
    call(&app, "DELETE", &path, &token, Value::Null).await;
    let (status, _) = call(&app, "POST", "/events/restore", &token, ids).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
}

async fn renewed_certificates_are_of_the_same_authority(engine: Engine) {
    let app = TestApp::start(engine).await;
    let token = app.token(Role::Admin).await;
    let authority = app.hub.authority();
    let mut leaves = authority.leaves(vec!["localhost".to_owned()]).unwrap();
    let old = authority.certificate();
    let first = leaves.borrow_and_update().clone().unwrap();
    let (status, about) = call(&app, "POST", "/certificates/renew", &token, Value::Null).await;
    assert_eq!(status, StatusCode::OK);
    let new = authority.certificate();
    assert_ne!(new.fingerprint, old.fingerprint);
    let hex = new.fingerprint.iter().map(|byte| format!("{byte:02x}"));
    assert_eq!(about["authority"], json!(hex.collect::<String>()));
    assert!(leaves.has_changed().unwrap());
    let second = leaves.borrow_and_update().clone().unwrap();
    assert_ne!(second.chain_pem, first.chain_pem);
    assert!(second.chain_pem.ends_with(&new.pem));
    // A sensor that enrolled before goes on: it trusts the old certificate, whose key signed the new leaf.
    let mut roots = RootCertStore::empty();
    let anchor = CertificateDer::from_pem_slice(old.pem.as_bytes()).unwrap();
    roots.add(anchor).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let sensor = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider);
    let chain: Vec<_> = CertificateDer::pem_slice_iter(second.chain_pem.as_bytes())
        .collect::<Result<_, _>>()
        .unwrap();
    let name = ServerName::try_from("localhost").unwrap();
    sensor
        .build()
        .unwrap()
        .verify_server_cert(&chain[0], &chain[1..], &name, &[], UnixTime::now())
        .unwrap();
    let (_, log) = call(&app, "GET", "/audit?kind=certificate", &token, Value::Null).await;
    assert_eq!(log["items"][0]["action"], "renew");
}

async fn removed_events_are_not_counted_any_more(engine: Engine) {
    let app = TestApp::start(engine).await;
    let token = app.token(Role::Admin).await;
    let mut sensor = app.sensor("one", app.group().await).await;
    let (stays, goes, archived) = (EventId::new(), EventId::new(), EventId::new());
    let steps = || {
        vec![
            login(b"root", b"toor", true),
            command(b"wget http://x/y"),
            InteractionKind::Attribute {
                name: InteractionKind::URL.to_owned(),
                value: "http://x/y".into(),
            },
        ]
    };
    sensor.send(&app, &[sensor.open(stays, steps())]).await;
    let sums = async || {
        let mut sums = vec![];
        for sql in [
            "SELECT CAST(SUM(count) AS BIGINT) FROM rollup_events",
            "SELECT CAST(SUM(count) AS BIGINT) FROM rollup_values",
            "SELECT COUNT(*) FROM interactions",
            "SELECT COUNT(*) FROM event_texts",
        ] {
            sums.push(app.count(sql).await);
        }
        sums
    };
    let before = sums().await;
    sensor
        .send(
            &app,
            &[sensor.open(goes, steps()), sensor.open(archived, steps())],
        )
        .await;
    let ids = |ids: &[EventId]| json!({ "ids": ids });
    let (status, done) = call(&app, "POST", "/events/archive", &token, ids(&[archived])).await;
    assert_eq!((status, &done["count"]), (StatusCode::OK, &json!(1)));
    let (status, done) = call(&app, "POST", "/events/remove", &token, ids(&[goes])).await;
    assert_eq!((status, &done["count"]), (StatusCode::OK, &json!(1)));
    let again = call(&app, "POST", "/events/remove", &token, ids(&[goes])).await;
    assert_eq!(again.0, StatusCode::NOT_FOUND);
    let archive = json!({ "ids": [archived], "archived": true });
    let (status, _) = call(&app, "POST", "/events/remove", &token, archive).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(sums().await, before);
    // What is sent again stays away: its place in the spool is known.
    let body = sensor.batch(
        2,
        &[serde_json::to_value(sensor.open(goes, steps())).unwrap()],
    );
    let answer = sensor
        .post(&app, "/sensor/v1/events", &body, Timestamp::now(), random())
        .await;
    assert_eq!(answer.status(), StatusCode::OK);
    assert_eq!(app.count("SELECT COUNT(*) FROM events").await, 1);
}

async fn a_token_reaches_its_areas_and_groups_until_it_ends(engine: Engine) {
    let app = TestApp::start(engine).await;
    let admin = app.token(Role::Admin).await;
    let (own, foreign) = (app.group().await, app.another_group("foreign").await);
    let mut near = app.sensor("near", own).await;
    let mut far = app.sensor("far", foreign).await;
    let (seen, unseen) = (EventId::new(), EventId::new());
    near.send(&app, &[near.open(seen, vec![command(b"id")])])
        .await;
    far.send(&app, &[far.open(unseen, vec![command(b"id")])])
        .await;

    for wrong in [
        json!({ "name": "", "role": "observer", "groups": [own] }),
        json!({ "name": "x", "role": "observer" }),
        json!({ "name": "x", "role": "observer", "groups": [EventId::new()] }),
        json!({ "name": "x", "role": "admin", "days": 0 }),
    ] {
        let (status, _) = call(&app, "POST", "/tokens", &admin, wrong.clone()).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{wrong}");
    }
    let draft = json!({ "name": "reader", "role": "manager", "areas": ["events"], "groups": [own], "days": 1 });
    let (status, made) = call(&app, "POST", "/tokens", &admin, draft).await;
    assert_eq!(status, StatusCode::CREATED);
    let reader = made["secret"].as_str().unwrap().to_owned();
    let id = made["token"]["id"].as_str().unwrap().to_owned();
    let (_, list) = call(&app, "GET", "/tokens", &admin, Value::Null).await;
    assert!(
        !list.to_string().contains(&reader),
        "a secret is shown once"
    );

    let events = app.api_json("/api/v1/events?status=new", &reader).await;
    assert_eq!(events["items"].as_array().unwrap().len(), 1);
    for (path, status) in [
        (format!("/events/{seen}"), StatusCode::OK),
        (format!("/events/{unseen}"), StatusCode::NOT_FOUND),
        ("/sensors".to_owned(), StatusCode::FORBIDDEN),
        ("/quarantine".to_owned(), StatusCode::FORBIDDEN),
        ("/users".to_owned(), StatusCode::FORBIDDEN),
    ] {
        let got = call(&app, "GET", &path, &reader, Value::Null).await.0;
        assert_eq!(got, status, "{path}");
    }
    let body = json!({ "ids": [unseen] });
    let (status, _) = call(&app, "POST", "/events/remove", &reader, body).await;
    assert_eq!(status, StatusCode::NOT_FOUND);

    let path = format!("/tokens/{id}");
    let (status, _) = call(&app, "DELETE", &path, &admin, Value::Null).await;
    assert_eq!(status, StatusCode::NO_CONTENT);
    let (status, _) = call(&app, "DELETE", &path, &admin, Value::Null).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    assert_eq!(
        app.api("/api/v1/events", &reader).await.status(),
        StatusCode::UNAUTHORIZED
    );
}

async fn the_audit_log_says_who_changed_what(engine: Engine) {
    let app = TestApp::start(engine).await;
    let token = app.token(Role::Admin).await;
    let group = app.group().await;
    let path = format!("/groups/{group}");
    let (status, _) = call(&app, "PUT", &path, &token, json!({ "name": "100%_sure" })).await;
    assert_eq!(status, StatusCode::OK);
    for n in 0..105 {
        let name = format!("g{n}");
        call(&app, "POST", "/groups", &token, json!({ "name": name })).await;
    }
    let log = app.api_json("/api/v1/audit?object=%25_", &token).await;
    let [entry] = log["items"].as_array().unwrap().as_slice() else {
        panic!("{log}")
    };
    assert_eq!(
        entry["changes"],
        json!([{ "field": "name", "before": "default", "after": "100%_sure" }])
    );
    assert!(entry["user_name"].as_str().unwrap().starts_with("token "));
    assert_eq!(entry["address"], json!("127.0.0.1"));
    let first = app.api_json("/api/v1/audit?kind=group", &token).await;
    assert_eq!(first["items"].as_array().unwrap().len(), 100);
    let next = first["next"].as_str().unwrap();
    let second = app
        .api_json(&format!("/api/v1/audit?kind=group&before={next}"), &token)
        .await;
    assert_eq!(second["items"].as_array().unwrap().len(), 6);
    assert!(second["next"].is_null());
    let none = app.api_json("/api/v1/audit?user=nobody", &token).await;
    assert_eq!(none["items"], json!([]));
}

async fn a_rejected_part_can_be_taken_again(engine: Engine) {
    let app = TestApp::start(engine).await;
    let token = app.token(Role::Admin).await;
    let mut sensor = app.sensor("one", app.group().await).await;
    let event = EventId::new();
    // The parts of an event in the wrong order, and one that can never be read.
    let late = extend(event, 1, vec![command(b"second")]);
    sensor.send(&app, std::slice::from_ref(&late)).await;
    sensor.send_raw(&app, &[json!("nonsense")]).await;
    sensor
        .send(&app, &[sensor.open(event, vec![command(b"first")])])
        .await;
    let (_, list) = call(&app, "GET", "/quarantine", &token, Value::Null).await;
    let parts = list["items"].as_array().unwrap();
    assert_eq!(parts.len(), 2);
    let number = |at: usize| parts[at]["id"].as_i64().unwrap();
    let (status, answer) = call(
        &app,
        "POST",
        &format!("/quarantine/{}/retry", number(1)),
        &token,
        Value::Null,
    )
    .await;
    assert_eq!(
        (status, &answer["taken"]),
        (StatusCode::OK, &json!(true)),
        "{answer}"
    );
    let detail = app
        .api_json(&format!("/api/v1/events/{event}"), &token)
        .await;
    assert_eq!(detail["interactions"].as_array().unwrap().len(), 2);

    let broken = number(0);
    let (_, answer) = call(
        &app,
        "POST",
        &format!("/quarantine/{broken}/retry"),
        &token,
        Value::Null,
    )
    .await;
    assert_eq!(answer["taken"], json!(false));
    assert!(!answer["reason"].as_str().unwrap().is_empty());
    let path = format!("/quarantine/{broken}");
    assert_eq!(
        call(&app, "DELETE", &path, &token, Value::Null).await.0,
        StatusCode::NO_CONTENT
    );
    assert_eq!(
        call(&app, "DELETE", &path, &token, Value::Null).await.0,
        StatusCode::NOT_FOUND
    );
    assert_eq!(app.count("SELECT COUNT(*) FROM quarantine").await, 0);
}

async fn settings_say_what_new_sensors_offer(engine: Engine) {
    let app = TestApp::start(engine).await;
    let admin = app.token(Role::Admin).await;
    let (_, before) = call(&app, "GET", "/settings", &admin, Value::Null).await;
    assert_eq!(before["sensor_defaults"]["ssh"], json!([2222]));
    assert_eq!(before["sensor_defaults"]["telnet"], json!([2323]));
    for (wrong, field) in [
        (json!({ "gopher": [70] }), "sensor_defaults.gopher"),
        (json!({ "ssh": [22, 0] }), "sensor_defaults.ssh"),
        (
            json!({ "ssh": [22], "telnet": [23, 22] }),
            "sensor_defaults.telnet",
        ),
        (
            json!({ "catch-all": (1..=65).collect::<Vec<u16>>() }),
            "sensor_defaults.catch-all",
        ),
    ] {
        let wrong = json!({ "sensor_defaults": wrong });
        let (status, problem) = call(&app, "PUT", "/settings", &admin, wrong).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(problem.to_string().contains(field), "{problem}");
    }
    let two = json!({ "sensor_defaults": { "ssh": [22, 2022], "telnet": [] } });
    let (status, kept) = call(&app, "PUT", "/settings", &admin, two).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(kept["sensor_defaults"]["http"], json!([]));
    let new = json!({ "name": "lobby", "group": app.group().await });
    let (status, _) = call(&app, "POST", "/sensors", &admin, new).await;
    assert_eq!(status, StatusCode::CREATED);
    let (_, sensors) = call(&app, "GET", "/sensors", &admin, Value::Null).await;
    let instances = &sensors["items"][0]["services"];
    assert_eq!(instances.as_array().map(Vec::len), Some(1), "{instances}");
    assert_eq!(instances[0]["service"], json!("ssh"));
    let ports = json!([
        { "number": 22, "transport": "tcp" }, { "number": 2022, "transport": "tcp" },
    ]);
    assert_eq!(instances[0]["ports"], ports);
}

async fn settings_bind_managers(engine: Engine) {
    let app = TestApp::start(engine).await;
    let admin = app.token(Role::Admin).await;
    let manager = app.token(Role::Manager).await;
    let mut sensor = app.sensor("one", app.group().await).await;
    let events: Vec<EventId> = (0..3).map(|_| EventId::new()).collect();
    for event in &events {
        sensor
            .send(&app, &[sensor.open(*event, vec![command(b"id")])])
            .await;
    }
    for wrong in [
        json!({ "offline_after": 1 }),
        json!({ "endpoint": "skep.example" }),
        json!({ "endpoint": "https://a b" }),
        json!({ "audit_days": 100_000 }),
    ] {
        let (status, _) = call(&app, "PUT", "/settings", &admin, wrong.clone()).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{wrong}");
    }
    let strict = json!({
        "managers_remove_events": false, "managers_remove_sensors": false, "require_comment": true,
        "endpoint": "https://skep.example:3443/",
    });
    let (status, kept) = call(&app, "PUT", "/settings", &admin, strict).await;
    assert_eq!(
        (status, &kept["endpoint"]),
        (StatusCode::OK, &json!("https://skep.example:3443"))
    );
    let one = json!({ "ids": [events[0]] });
    assert_eq!(
        call(&app, "POST", "/events/remove", &manager, one.clone())
            .await
            .0,
        StatusCode::FORBIDDEN
    );
    assert_eq!(
        call(&app, "POST", "/events/archive", &manager, one).await.0,
        StatusCode::OK
    );
    let one = json!({ "ids": [events[1]] });
    assert_eq!(
        call(&app, "POST", "/events/remove", &admin, one).await.0,
        StatusCode::OK
    );
    let path = format!("/sensors/{}?events=archive", sensor.id);
    assert_eq!(
        call(&app, "DELETE", &path, &manager, Value::Null).await.0,
        StatusCode::FORBIDDEN
    );
    let path = format!("/events/{}", events[2]);
    let bare = json!({ "status": "resolved" });
    let (status, _) = call(&app, "PATCH", &path, &manager, bare).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    let said = json!({ "status": "resolved", "comment": "our own scanner" });
    assert_eq!(
        call(&app, "PATCH", &path, &manager, said).await.0,
        StatusCode::OK
    );
    let bare = json!({ "status": "ignored" });
    assert_eq!(
        call(&app, "PATCH", &path, &manager, bare).await.0,
        StatusCode::OK
    );
    // A new sensor is told the new address.
    let new = json!({ "name": "two", "group": app.group().await });
    let (_, enrolment) = call(&app, "POST", "/sensors", &admin, new).await;
    let command = enrolment["command"].as_str().unwrap();
    assert!(
        command.contains("--server https://skep.example:3443 "),
        "{command}"
    );
}

async fn a_sensor_has_a_history_and_is_called(engine: Engine) {
    let app = TestApp::start(engine).await;
    let token = app.token(Role::Admin).await;
    let sensor = app.sensor("one", app.group().await).await;
    let poll = json!({
        "active_revision": 1, "at_once": true,
        "status": {
            "version": "0.1.0", "architecture": "x86_64", "uptime": 5, "queued": 2, "dropped": 0, "clock_offset": 0,
            "memory": 9_000_000, "disk_used": 10, "disk_total": 20, "round_trip": 3, "instances": [],
        },
    });
    let body = serde_json::to_vec(&poll).unwrap();
    let answer = sensor
        .post(&app, "/sensor/v1/poll", &body, Timestamp::now(), random())
        .await;
    assert_eq!(answer.status(), StatusCode::OK);
    let history = app
        .api_json(&format!("/api/v1/sensors/{}/history", sensor.id), &token)
        .await;
    let [sample] = history["items"].as_array().unwrap().as_slice() else {
        panic!("{history}")
    };
    assert_eq!(
        [
            &sample["memory_bytes"],
            &sample["disk_used_bytes"],
            &sample["queued"],
            &sample["round_trip_ms"]
        ],
        [&json!(9_000_000), &json!(10), &json!(2), &json!(3)]
    );
    // A held poll is let go of when somebody calls the sensor.
    let mut held = poll.clone();
    held["at_once"] = json!(false);
    let body = serde_json::to_vec(&held).unwrap();
    let begun = Instant::now();
    let path = format!("/sensors/{}/poll", sensor.id);
    let (answer, ()) = tokio::join!(
        sensor.post(&app, "/sensor/v1/poll", &body, Timestamp::now(), random()),
        async {
            tokio::time::sleep(Duration::from_millis(300)).await;
            let called = call(&app, "POST", &path, &token, Value::Null).await;
            assert_eq!(called.0, StatusCode::NO_CONTENT);
        }
    );
    assert_eq!(answer.status(), StatusCode::OK);
    assert!(
        begun.elapsed() < Duration::from_secs(10),
        "the poll was let go of"
    );
    // Another name, and gone.
    let edit = json!({ "name": "renamed", "group": app.group().await });
    let path = format!("/sensors/{}", sensor.id);
    assert_eq!(
        call(&app, "PATCH", &path, &token, edit).await.0,
        StatusCode::NO_CONTENT
    );
    let (_, shown) = call(&app, "GET", &path, &token, Value::Null).await;
    assert_eq!(
        (&shown["name"], &shown["presence"]),
        (&json!("renamed"), &json!("online"))
    );
    let (status, _) = call(
        &app,
        "DELETE",
        &format!("{path}?events=remove"),
        &token,
        Value::Null,
    )
    .await;
    assert_eq!(status, StatusCode::NO_CONTENT);
    let (status, _) = call(&app, "GET", &path, &token, Value::Null).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
}
