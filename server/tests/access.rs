//! Who may do what, through the front door: every entry of the access table, every role, and a foreign group.
//! The expectations are written by hand; a route without one fails.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    missing_docs,
    reason = "a test may fail"
)]

mod support;

use reqwest::StatusCode;
use skep_app::access::TABLE;
use skep_model::{Timestamp, ids::EventId, user::Role};
use sqlx::Row;
use support::{Engine, TestApp, command, random};

on_both!(every_route_refuses_whom_it_should);

/// Who knocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Knocker {
    Nobody,
    Observer,
    Manager,
    ForeignObserver,
    ForeignManager,
    Admin,
    ObserverToken,
    AdminToken,
    Sensor,
}

const KNOCKERS: [Knocker; 9] = [
    Knocker::Nobody,
    Knocker::Observer,
    Knocker::Manager,
    Knocker::ForeignObserver,
    Knocker::ForeignManager,
    Knocker::Admin,
    Knocker::ObserverToken,
    Knocker::AdminToken,
    Knocker::Sensor,
];

/// Method, pattern, form, and the status that each knocker gets, in the order of [`KNOCKERS`]. `{id}` is an event
/// of the first group, and so is the sensor in a form. A redirection to the log-in page is 303.
type Row9 = (&'static str, &'static str, &'static str, [u16; 9]);
const EXPECTED: &[Row9] = &[
    //                                                   nobody obs  man  fobs fman adm  otok atok sensor
    (
        "GET",
        "/",
        "",
        [303, 200, 200, 200, 200, 200, 303, 303, 303],
    ),
    (
        "GET",
        "/events",
        "",
        [303, 200, 200, 200, 200, 200, 303, 303, 303],
    ),
    (
        "GET",
        "/events/{id}",
        "",
        [303, 200, 200, 404, 404, 200, 303, 303, 303],
    ),
    (
        "GET",
        "/sensors",
        "",
        [303, 200, 200, 200, 200, 200, 303, 303, 303],
    ),
    (
        "GET",
        "/login",
        "",
        [200, 303, 303, 303, 303, 303, 200, 200, 200],
    ),
    (
        "GET",
        "/setup",
        "",
        [303, 303, 303, 303, 303, 303, 303, 303, 303],
    ),
    (
        "GET",
        "/pkg/{*file}",
        "",
        [404, 404, 404, 404, 404, 404, 404, 404, 404],
    ),
    (
        "GET",
        "/favicon.svg",
        "",
        [404, 404, 404, 404, 404, 404, 404, 404, 404],
    ),
    (
        "GET",
        "/icons.svg",
        "",
        [404, 404, 404, 404, 404, 404, 404, 404, 404],
    ),
    (
        "GET",
        "/robots.txt",
        "",
        [404, 404, 404, 404, 404, 404, 404, 404, 404],
    ),
    (
        "POST",
        "/fn/set_up",
        "password=a&repeat=a&email=&group=g",
        [403, 403, 403, 403, 403, 403, 403, 403, 403],
    ),
    (
        "POST",
        "/fn/log_in",
        "name=x{n}&password=y",
        [422, 422, 422, 422, 422, 422, 422, 422, 422],
    ),
    (
        "POST",
        "/fn/me",
        "",
        [401, 200, 200, 200, 200, 200, 401, 401, 401],
    ),
    (
        "POST",
        "/fn/dashboard",
        "",
        [401, 200, 200, 200, 200, 200, 401, 401, 401],
    ),
    (
        "POST",
        "/fn/events",
        r#"{"query":{"sensor":["{sensor}"]},"before":null,"limit":5}"#,
        [401, 200, 200, 200, 200, 200, 401, 401, 401],
    ),
    (
        "POST",
        "/fn/event",
        "id={id}",
        [401, 200, 200, 404, 404, 200, 401, 401, 401],
    ),
    (
        "POST",
        "/fn/sensors",
        "",
        [401, 200, 200, 200, 200, 200, 401, 401, 401],
    ),
    (
        "POST",
        "/fn/groups",
        "",
        [401, 200, 200, 200, 200, 200, 401, 401, 401],
    ),
    (
        "POST",
        "/fn/services",
        "",
        [401, 200, 200, 200, 200, 200, 401, 401, 401],
    ),
    (
        "POST",
        "/fn/edit_event",
        r#"{"id":"{id}","edit":{"status":"resolved","comment":null}}"#,
        [401, 403, 200, 403, 404, 200, 401, 401, 401],
    ),
    (
        "POST",
        "/fn/add_sensor",
        "name=s{n}&group={group}",
        [401, 403, 200, 403, 422, 200, 401, 401, 401],
    ),
    (
        "POST",
        "/fn/enrol_again",
        "sensor={sensor}",
        [401, 403, 200, 403, 404, 200, 401, 401, 401],
    ),
    (
        "POST",
        "/fn/revoke_sensor",
        "sensor={spare}",
        [401, 403, 200, 403, 404, 200, 401, 401, 401],
    ),
    (
        "GET",
        "/live",
        "",
        [401, 200, 200, 200, 200, 200, 401, 401, 401],
    ),
    (
        "HEAD",
        "/",
        "",
        [200, 200, 200, 200, 200, 200, 200, 200, 200],
    ),
    (
        "GET",
        "/healthz",
        "",
        [200, 200, 200, 200, 200, 200, 200, 200, 200],
    ),
    (
        "GET",
        "/api/v1/events",
        "",
        [401, 401, 401, 401, 401, 401, 200, 200, 401],
    ),
    (
        "GET",
        "/api/v1/events/{id}",
        "",
        [401, 401, 401, 401, 401, 401, 404, 200, 401],
    ),
    (
        "GET",
        "/api/v1/sensors",
        "",
        [401, 401, 401, 401, 401, 401, 200, 200, 401],
    ),
    (
        "POST",
        "/sensor/v1/enrol",
        "x",
        [400, 400, 400, 400, 400, 400, 400, 400, 400],
    ),
    (
        "POST",
        "/sensor/v1/poll",
        "x",
        [401, 401, 401, 401, 401, 401, 401, 401, 400],
    ),
    (
        "POST",
        "/sensor/v1/events",
        "x",
        [401, 401, 401, 401, 401, 401, 401, 401, 400],
    ),
    // Last: it ends the sessions.
    (
        "POST",
        "/fn/log_out",
        "",
        [401, 200, 200, 200, 200, 200, 401, 401, 401],
    ),
];

#[expect(clippy::too_many_lines, reason = "one walk through the table")]
async fn every_route_refuses_whom_it_should(engine: Engine) {
    for (method, pattern, _) in TABLE {
        assert!(
            EXPECTED
                .iter()
                .any(|(m, p, ..)| m == method && p == pattern),
            "{method} {pattern} has no expectation here: write one by hand"
        );
    }
    // Nothing is served that is not in the table: pages and server functions register themselves.
    let pages = leptos_axum::generate_route_list(skep_app::App);
    for page in &pages {
        let pattern = page.path().replace(":id", "{id}");
        let pattern = if pattern.is_empty() {
            "/".to_owned()
        } else {
            pattern
        };
        assert!(
            TABLE.iter().any(|(_, p, _)| *p == pattern),
            "{pattern} is not in the access table"
        );
    }
    assert!(pages.len() >= 6);
    let functions: Vec<_> = leptos::server_fn::axum::server_fn_paths().collect();
    for (path, method) in &functions {
        assert!(
            TABLE
                .iter()
                .any(|(m, p, _)| m == &method.as_str() && p == path),
            "{path} is not in the access table"
        );
    }
    assert!(functions.len() >= 14);

    let app = TestApp::start(engine).await;
    let group = app.group().await;
    let foreign = app.another_group("foreign").await;
    let mut sensor = app.sensor("one", group).await;
    let spare = app.sensor("two", group).await;
    let event = EventId::new();
    sensor
        .send(&app, &[sensor.open(event, vec![command(b"id")])])
        .await;
    let cookies = [
        (
            Knocker::Observer,
            app.user("observer", Role::Observer, group).await,
        ),
        (
            Knocker::Manager,
            app.user("manager", Role::Manager, group).await,
        ),
        (
            Knocker::ForeignObserver,
            app.user("foreignobserver", Role::Observer, foreign).await,
        ),
        (
            Knocker::ForeignManager,
            app.user("foreignmanager", Role::Manager, foreign).await,
        ),
        (Knocker::Admin, app.admin().await),
    ];
    let tokens = [
        (Knocker::ObserverToken, app.token(Role::Observer).await),
        (Knocker::AdminToken, app.token(Role::Admin).await),
    ];
    let mut wrong = vec![];
    let mut n = 0;
    for (method, pattern, form, expected) in EXPECTED {
        for (knocker, expected) in KNOCKERS.iter().zip(expected) {
            n += 1;
            let path = pattern
                .replace("{id}", &event.to_string())
                .replace("{*file}", "none.js");
            let form = form
                .replace("{id}", &event.to_string())
                .replace("{sensor}", &sensor.id.to_string())
                .replace("{spare}", &spare.id.to_string())
                .replace("{group}", &group.to_string())
                .replace("{n}", &n.to_string());
            let before = fingerprint(&app).await;
            let status = if *knocker == Knocker::Sensor && path.starts_with("/sensor/") {
                sensor
                    .post(&app, &path, form.as_bytes(), Timestamp::now(), random())
                    .await
                    .status()
            } else {
                let method = method.parse().unwrap();
                let mut request = app
                    .http
                    .request(method, format!("{}{path}", app.url))
                    .header("sec-fetch-site", "same-origin");
                if let Some((_, cookie)) = cookies.iter().find(|(who, _)| who == knocker) {
                    request = request.header("cookie", cookie);
                }
                if let Some((_, token)) = tokens.iter().find(|(who, _)| who == knocker) {
                    request = request.bearer_auth(token);
                }
                if path.starts_with("/fn/") || path.starts_with("/sensor/") {
                    let json = form.starts_with('{');
                    let kind = if json {
                        "application/json"
                    } else {
                        "application/x-www-form-urlencoded"
                    };
                    request = request.header("content-type", kind).body(form);
                }
                request
                    .header("accept", "application/json")
                    .send()
                    .await
                    .unwrap()
                    .status()
            };
            if status.as_u16() != *expected {
                wrong.push(format!(
                    "{method} {pattern} by {knocker:?}: {status}, expected {expected}"
                ));
            }
            if status != StatusCode::OK && fingerprint(&app).await != before {
                wrong.push(format!(
                    "{method} {pattern} by {knocker:?} was refused, and changed the database"
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));

    for path in [
        "/admin",
        "/fn/nothing",
        "/api/v1/nothing",
        "/api/nothing",
        "/events/a/b",
        "/.env",
    ] {
        assert_eq!(
            app.get(path, &cookies[4].1).await.status(),
            StatusCode::NOT_FOUND,
            "{path}"
        );
    }
}

/// Everything in the tables that a refused request must not touch.
async fn fingerprint(app: &TestApp) -> String {
    let mut connection = app.connection().await;
    let mut text = String::new();
    for (table, sql) in [
        (
            "users",
            "SELECT name, password_hash, role FROM users ORDER BY name",
        ),
        (
            "groups",
            "SELECT name, name, created_at FROM groups ORDER BY name",
        ),
        (
            "sensors",
            "SELECT name, name, COALESCE(revoked_at, 0) FROM sensors ORDER BY name",
        ),
        (
            "enrolments",
            "SELECT '', '', created_at FROM enrolments ORDER BY created_at",
        ),
        (
            "events",
            "SELECT comment, comment, status + interactions FROM events ORDER BY number",
        ),
        (
            "audit",
            "SELECT action, object, id FROM audit_log ORDER BY id",
        ),
        (
            "tokens",
            "SELECT name, name, role FROM tokens ORDER BY name",
        ),
        ("sessions", "SELECT '', '', COUNT(*) FROM sessions"),
        (
            "watermarks",
            "SELECT '', '', seq FROM watermarks ORDER BY seq",
        ),
        ("quarantine", "SELECT '', '', COUNT(*) FROM quarantine"),
    ] {
        for row in sqlx::query(sql).fetch_all(&mut connection).await.unwrap() {
            let (a, b, c): (String, String, i64) = (row.get(0), row.get(1), row.get(2));
            text = format!("{text}{table} {a} {b} {c}\n");
        }
    }
    text
}
