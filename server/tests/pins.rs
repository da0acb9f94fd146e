//! Instances that stay at a revision of their service, on both databases.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    missing_docs,
    reason = "a test may fail"
)]

#[path = "images/archives.rs"]
mod archives;
#[path = "images/requests.rs"]
mod requests;
mod support;

use archives::Image;
use requests::{add, deploy, edit, instance, poll, remove, sensor, upload};
use reqwest::StatusCode;
use serde_json::{Value, json};
use skep_model::user::Role;
use support::{Engine, TestApp, TestSensor};

on_both!(
    a_pinned_instance_stays_when_the_service_goes_on,
    a_pin_needs_a_revision_that_the_sensor_can_run,
);

/// A server with the revisions 1.0, 1.1 and 1.2 of a service; the second has no image for `x86_64`.
async fn with_revisions(engine: Engine) -> (TestApp, String) {
    let app = TestApp::start(engine).await;
    let admin = app.token(Role::Admin).await;
    for (processor, revision) in [("amd64", "1.0"), ("arm64", "1.1"), ("amd64", "1.2")] {
        let image = Image::new(processor, revision);
        let archive = image.honeysens("pot", processor, revision);
        let (status, made) = upload(&app, &admin, "", archive).await;
        assert_eq!(status, StatusCode::CREATED, "{made}");
    }
    (app, admin)
}

/// The only instance of the service on a sensor.
async fn shown(app: &TestApp, token: &str, sensor: &TestSensor) -> Value {
    let path = format!("/api/v1/sensors/{}", sensor.id);
    let shown = app.api_json(&path, token).await;
    let services = shown["services"].as_array().unwrap().iter();
    let mut of_service = services.filter(|instance| instance["service"] == "pot");
    let only = of_service.next().unwrap().clone();
    assert_eq!(of_service.next(), None);
    only
}

/// The instance as it is, but for the revision that it stays at.
fn pin(sensor: &TestSensor, known: &Value, pinned: Option<u32>) -> Value {
    let mut placement = json!({
        "address": known["address"], "ports": known["ports"], "settings": known["settings"],
    });
    if let Some(number) = pinned {
        placement["pinned"] = json!(number);
    }
    json!([{ "change": "edit", "sensor": sensor.id, "instance": known["id"], "placement": placement }])
}

async fn a_pinned_instance_stays_when_the_service_goes_on(engine: Engine) {
    let (app, admin) = with_revisions(engine).await;
    let [pinned, free] = [
        sensor(&app, "pinned", "x86_64").await,
        sensor(&app, "free", "x86_64").await,
    ];
    for sensor in [&pinned, &free] {
        assert_eq!(add(&app, &admin, sensor, "pot").await.0, StatusCode::OK);
    }
    let known = shown(&app, &admin, &pinned).await;
    assert_eq!(
        (&known["revision"], &known["pinned"]),
        (&json!(1), &Value::Null)
    );
    let (status, done) = deploy(&app, &admin, pin(&pinned, &known, Some(1))).await;
    assert_eq!(status, StatusCode::OK, "{done}");
    let undo = done["undo"].clone();
    let (status, _) = edit(&app, &admin, "pot", json!({ "revision": 3 })).await;
    assert_eq!(status, StatusCode::OK);
    let known = shown(&app, &admin, &pinned).await;
    assert_eq!(
        (&known["revision"], &known["pinned"]),
        (&json!(1), &json!(1))
    );
    let told = poll(&app, &pinned, "x86_64", 1, true).await;
    assert_eq!(instance(&told, "pot")["revision"], 1);
    let told = poll(&app, &free, "x86_64", 1, true).await;
    assert_eq!(instance(&told, "pot")["revision"], 3);
    let service = app.api_json("/api/v1/services/pot", &admin).await;
    let revisions = service["revisions"].as_array().unwrap().iter();
    let counts: Vec<_> = revisions.map(|revision| &revision["instances"]).collect();
    assert_eq!(counts, [1, 0, 1]);

    // As long as somebody is pinned to it, it stays.
    let (status, problem) = remove(&app, &admin, "pot/revisions/1").await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{problem}");
    assert_eq!(
        remove(&app, &admin, "pot/revisions/2").await.0,
        StatusCode::NO_CONTENT
    );

    // Let go, it is what the service is now, and the revision can be removed.
    let (status, done) = deploy(&app, &admin, undo).await;
    assert_eq!(status, StatusCode::OK, "{done}");
    let known = shown(&app, &admin, &pinned).await;
    assert_eq!(
        (&known["revision"], &known["pinned"]),
        (&json!(3), &Value::Null)
    );
    let told = poll(&app, &pinned, "x86_64", 1, true).await;
    assert_eq!(instance(&told, "pot")["revision"], 3);
    assert_eq!(
        remove(&app, &admin, "pot/revisions/1").await.0,
        StatusCode::NO_CONTENT
    );
    let again = done["undo"].clone();
    let (status, problem) = deploy(&app, &admin, again).await;
    assert_eq!(
        status,
        StatusCode::UNPROCESSABLE_ENTITY,
        "it is gone: {problem}"
    );
}

async fn a_pin_needs_a_revision_that_the_sensor_can_run(engine: Engine) {
    let (app, admin) = with_revisions(engine).await;
    let one = sensor(&app, "one", "x86_64").await;
    let arm = sensor(&app, "arm", "aarch64").await;
    assert_eq!(add(&app, &admin, &one, "pot").await.0, StatusCode::OK);
    let known = shown(&app, &admin, &one).await;
    let service = |name: &str| {
        json!([{ "change": "add", "sensor": one.id, "service": name, "placement": {
            "address": "0.0.0.0", "ports": [{ "number": 24, "transport": "tcp" }], "pinned": 1 } }])
    };
    for (change, said) in [
        (pin(&one, &known, Some(2)), "pinned: has no image"),
        (pin(&one, &known, Some(7)), "pinned: does not exist"),
        (service("telnet"), "pinned: does not exist"),
    ] {
        let (status, problem) = deploy(&app, &admin, change).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{problem}");
        let title = problem["title"].as_str().unwrap();
        assert!(title.contains(said), "{title}");
    }
    // The service's own revision has nothing for this sensor's processor, another one has.
    assert_eq!(
        add(&app, &admin, &arm, "pot").await.0,
        StatusCode::UNPROCESSABLE_ENTITY
    );
    let ports = known["ports"].clone();
    let change = json!([{ "change": "add", "sensor": arm.id, "service": "pot", "placement": {
        "address": "0.0.0.0", "ports": ports, "pinned": 2 } }]);
    let (status, done) = deploy(&app, &admin, change).await;
    assert_eq!(status, StatusCode::OK, "{done}");
    let told = poll(&app, &arm, "aarch64", 1, true).await;
    assert_eq!(instance(&told, "pot")["revision"], 2);
}
