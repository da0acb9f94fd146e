//! What runs where: changed through the API, heard by sensors, on both databases.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    missing_docs,
    reason = "a test may fail"
)]

mod support;

use std::time::{Duration, Instant};

use reqwest::StatusCode;
use serde_json::{Value, json};
use skep_model::{Timestamp, user::Role};
use support::{Engine, TestApp, TestSensor, random};

on_both!(
    a_sensor_hears_at_once_what_it_shall_run,
    what_was_changed_can_be_taken_back,
    a_refused_change_changes_nothing,
    many_deploy_at_once,
    an_interface_can_be_listened_at,
);

async fn deploy(app: &TestApp, token: &str, changes: Value) -> (StatusCode, Value) {
    let answer = app
        .http
        .post(format!("{}/api/v1/deployments", app.url))
        .bearer_auth(token)
        .json(&json!({ "changes": changes }))
        .send()
        .await
        .unwrap();
    (answer.status(), answer.json().await.unwrap())
}

/// What a sensor is told that runs this revision.
async fn poll(app: &TestApp, sensor: &TestSensor, revision: u64, at_once: bool) -> Value {
    let request = json!({
        "active_revision": revision, "at_once": at_once,
        "status": {
            "version": "0.1.0", "architecture": "x86_64", "uptime": 5, "queued": 0, "dropped": 0, "clock_offset": 0,
            "memory": 1, "instances": [],
        },
    });
    let body = serde_json::to_vec(&request).unwrap();
    let answer = sensor
        .post(app, "/sensor/v1/poll", &body, Timestamp::now(), random())
        .await;
    assert_eq!(answer.status(), StatusCode::OK);
    answer.json().await.unwrap()
}

/// The instances of a service, as the API shows them.
async fn instances(app: &TestApp, token: &str, sensor: &TestSensor, service: &str) -> Vec<Value> {
    let path = format!("/api/v1/sensors/{}", sensor.id);
    let sensor = app.api_json(&path, token).await;
    let all = sensor["services"].as_array().unwrap().iter();
    all.filter(|instance| instance["service"] == service)
        .cloned()
        .collect()
}

fn tcp(numbers: &[u16]) -> Value {
    let port = |number: &u16| json!({ "number": number, "transport": "tcp" });
    numbers.iter().map(port).collect()
}

async fn a_sensor_hears_at_once_what_it_shall_run(engine: Engine) {
    let app = TestApp::start(engine).await;
    let manager = app.token(Role::Manager).await;
    let sensor = app.sensor("one", app.group().await).await;
    let [telnet] = &instances(&app, &manager, &sensor, "telnet").await[..] else {
        panic!("a new sensor has telnet once")
    };
    let changes = json!([
        { "change": "remove", "sensor": sensor.id, "instance": telnet["id"] },
        { "change": "add", "sensor": sensor.id, "service": "http", "placement": {
            "address": "127.0.0.1", "ports": tcp(&[8088, 8089]), "settings": { "face": "iis", "linger": 5 },
        } },
    ]);
    let begun = Instant::now();
    let (told, (status, done)) = tokio::join!(poll(&app, &sensor, 1, false), async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        deploy(&app, &manager, changes).await
    });
    assert!(
        begun.elapsed() < Duration::from_secs(5),
        "the held poll was answered"
    );
    assert_eq!(
        (status, &done["sensors"]),
        (StatusCode::OK, &json!(1)),
        "{done}"
    );
    assert_eq!(told["configuration"]["revision"], json!(2));
    let told = told["configuration"]["instances"].as_array().unwrap();
    assert!(told.iter().all(|instance| instance["service"] != "telnet"));
    let added = told
        .iter()
        .find(|instance| instance["ports"] == tcp(&[8088, 8089]))
        .unwrap();
    assert_eq!(added["address"], json!("127.0.0.1"));
    assert_eq!(added["settings"], json!({ "face": "iis", "linger": 5 }));
    let log = app.token(Role::Admin).await;
    let log = app.api_json("/api/v1/audit?kind=sensor", &log).await;
    assert_eq!(log["items"][0]["action"], json!("deploy"), "{log}");
    let said = log["items"][0]["changes"].to_string();
    assert!(said.contains("http 127.0.0.1 8088/tcp 8089/tcp"), "{log}");
    assert!(said.contains("iis"), "{log}");
}

async fn what_was_changed_can_be_taken_back(engine: Engine) {
    let app = TestApp::start(engine).await;
    let manager = app.token(Role::Manager).await;
    let sensor = app.sensor("one", app.group().await).await;
    let of = async |service| instances(&app, &manager, &sensor, service).await;
    let before = [of("ssh").await, of("ftp").await, of("smtp").await];
    let changes = json!([
        { "change": "remove", "sensor": sensor.id, "instance": before[1][0]["id"] },
        { "change": "edit", "sensor": sensor.id, "instance": before[0][0]["id"], "placement": {
            "address": "::", "ports": tcp(&[22]), "settings": { "accept": ["a/b", "c/d"] },
        } },
        { "change": "add", "sensor": sensor.id, "service": "smtp", "placement": {
            "address": "0.0.0.0", "ports": tcp(&[2526]),
        } },
    ]);
    let (status, done) = deploy(&app, &manager, changes).await;
    assert_eq!(status, StatusCode::OK, "{done}");
    assert_eq!(of("ftp").await, Vec::<Value>::new());
    assert_eq!(of("ssh").await[0]["ports"], tcp(&[22]));
    assert_eq!(of("smtp").await.len(), 2);
    let (status, again) = deploy(&app, &manager, done["undo"].clone()).await;
    assert_eq!(status, StatusCode::OK, "{again}");
    assert_eq!([of("ssh").await, of("ftp").await, of("smtp").await], before);
    let told = poll(&app, &sensor, 1, true).await;
    assert_eq!(told["configuration"]["revision"], json!(3));
    // And forth again.
    let (status, _) = deploy(&app, &manager, again["undo"].clone()).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(of("smtp").await.len(), 2);
}

#[expect(clippy::too_many_lines, reason = "one bad change after the other")]
async fn a_refused_change_changes_nothing(engine: Engine) {
    let app = TestApp::start(engine).await;
    let group = app.group().await;
    let manager = app.token_for(Role::Manager, vec![group]).await;
    let sensor = app.sensor("one", group).await;
    let other = app.another_group("other").await;
    let foreign = app.sensor("two", other).await;
    let ssh = instances(&app, &manager, &sensor, "ssh").await[0]["id"].clone();
    let good = json!({ "change": "add", "sensor": sensor.id, "service": "ssh",
        "placement": { "address": "0.0.0.0", "ports": tcp(&[2022]) } });
    let add = |service: &str, ports: Value, settings: Value| {
        json!({ "change": "add", "sensor": sensor.id, "service": service,
            "placement": { "address": "127.0.0.1", "ports": ports, "settings": settings } })
    };
    let unprocessable = StatusCode::UNPROCESSABLE_ENTITY;
    for (bad, status, said) in [
        (
            add("gopher", tcp(&[70]), json!({})),
            unprocessable,
            "changes.1.service",
        ),
        (
            add("ssh", tcp(&[]), json!({})),
            unprocessable,
            "changes.1.placement.ports",
        ),
        (
            add("ssh", tcp(&[0]), json!({})),
            unprocessable,
            "changes.1.placement.ports",
        ),
        (
            add("ssh", tcp(&[2222]), json!({})),
            unprocessable,
            "changes.1.placement.ports",
        ),
        (
            add("ssh", tcp(&[2022]), json!({})),
            unprocessable,
            "placement.ports",
        ),
        (
            add(
                "ssh",
                json!([{ "number": 22, "transport": "udp" }]),
                json!({}),
            ),
            unprocessable,
            "changes.1.placement.ports",
        ),
        (
            add("ssh", tcp(&[22]), json!({ "colour": "red" })),
            unprocessable,
            "changes.1.placement.settings",
        ),
        (
            add("ssh", tcp(&[22]), json!({ "delay": "long" })),
            unprocessable,
            "changes.1.placement.settings",
        ),
        (
            add("http", tcp(&[81]), json!({ "face": "gopher" })),
            unprocessable,
            "changes.1.placement.settings",
        ),
        (
            add(
                "ssh",
                tcp(&[22]),
                json!({ "banner": "SSH-2.0-x\nInjected: 1" }),
            ),
            unprocessable,
            "changes.1.placement.settings",
        ),
        (
            json!({ "change": "edit", "sensor": sensor.id, "instance": ssh,
                "placement": { "address": "::", "ports": tcp(&[2022]) },
                "before": { "address": "0.0.0.0", "ports": tcp(&[4711]) } }),
            unprocessable,
            "changes.1.before",
        ),
        (
            json!({ "change": "restore", "sensor": sensor.id, "instance": ssh }),
            unprocessable,
            "changes.1.instance",
        ),
        (
            json!({ "change": "remove", "sensor": foreign.id, "instance": foreign.instance }),
            StatusCode::NOT_FOUND,
            "",
        ),
        (
            json!({ "change": "remove", "sensor": sensor.id, "instance": foreign.instance }),
            unprocessable,
            "changes.1.instance",
        ),
    ] {
        let (found, problem) = deploy(&app, &manager, json!([good, bad])).await;
        assert_eq!(found, status, "{bad}: {problem}");
        assert!(problem.to_string().contains(said), "{bad}: {problem}");
    }
    for empty in [json!([]), json!(vec![good.clone(); 10_001])] {
        assert_eq!(deploy(&app, &manager, empty).await.0, unprocessable);
    }
    let observer = app.token(Role::Observer).await;
    let (status, _) = deploy(&app, &observer, json!([good])).await;
    assert_eq!(status, StatusCode::FORBIDDEN);
    for (sql, expected) in [
        ("SELECT COUNT(*) FROM sensors WHERE desired_revision > 1", 0),
        (
            "SELECT COUNT(*) FROM instances WHERE removed_at IS NOT NULL",
            0,
        ),
        ("SELECT COUNT(*) FROM audit_log WHERE action = 'deploy'", 0),
    ] {
        assert_eq!(app.count(sql).await, expected, "{sql}");
    }
    let (status, _) = deploy(&app, &manager, json!([good])).await;
    assert_eq!(status, StatusCode::OK, "what is good alone is good");
}

/// Each wants another port; nobody is refused, and nothing is lost.
async fn many_deploy_at_once(engine: Engine) {
    let app = TestApp::start(engine).await;
    let manager = app.token(Role::Manager).await;
    let sensor = app.sensor("one", app.group().await).await;
    let one = async |port: u16| {
        let add = json!([{ "change": "add", "sensor": sensor.id, "service": "ssh",
            "placement": { "address": "0.0.0.0", "ports": tcp(&[port]) } }]);
        deploy(&app, &manager, add).await.0
    };
    let done = tokio::join!(one(3001), one(3002), one(3003), one(3003));
    let done = [done.0, done.1, done.2, done.3];
    let count = |status| done.iter().filter(|done| **done == status).count();
    assert_eq!(count(StatusCode::OK), 3, "{done:?}");
    assert_eq!(
        count(StatusCode::UNPROCESSABLE_ENTITY),
        1,
        "the port is taken: {done:?}"
    );
    assert_eq!(instances(&app, &manager, &sensor, "ssh").await.len(), 4);
}

async fn an_interface_can_be_listened_at(engine: Engine) {
    let app = TestApp::start(engine).await;
    let manager = app.token(Role::Manager).await;
    let sensor = app.sensor("one", app.group().await).await;
    let at = |place: &str| {
        json!({ "change": "add", "sensor": sensor.id, "service": "ssh",
            "placement": { "address": place, "ports": tcp(&[2022]) } })
    };
    let (status, done) = deploy(&app, &manager, json!([at("eth0"), at("eth1.42")])).await;
    assert_eq!(status, StatusCode::OK, "{done}");
    for taken in ["eth0", "192.0.2.1", "::"] {
        let (status, problem) = deploy(&app, &manager, json!([at(taken)])).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{taken}");
        let said = "changes.0.placement.ports: holds a port that is there already";
        assert!(problem.to_string().contains(said), "{problem}");
    }
    for wrong in ["192.0.2.300", "eth0; drop", "eth*", ""] {
        let (status, problem) = deploy(&app, &manager, json!([at(wrong)])).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{wrong}");
        assert!(
            problem.to_string().contains("network interface"),
            "{problem}"
        );
    }
    let shown = instances(&app, &manager, &sensor, "ssh").await;
    let told = poll(&app, &sensor, 1, true).await;
    let told = told["configuration"]["instances"]
        .as_array()
        .unwrap()
        .iter();
    let told: Vec<_> = told.filter(|told| told["service"] == "ssh").collect();
    for place in ["eth0", "eth1.42"] {
        assert!(
            shown.iter().any(|shown| shown["address"] == place),
            "{shown:?}"
        );
        assert!(told.iter().any(|told| told["address"] == place), "{told:?}");
    }
}
