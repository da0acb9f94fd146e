//! The last lines of an instance's container: asked through the API, answered by its sensor, on both databases.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    missing_docs,
    reason = "a test may fail"
)]

mod support;

use std::time::{Duration, Instant};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use reqwest::StatusCode;
use serde_json::{Value, json};
use skep_model::{Bytes, Timestamp, ids::InstanceId, user::Role};
use support::{Engine, TestApp, TestSensor, random};

on_both!(
    a_sensor_is_asked_and_answers,
    whoever_cannot_be_asked_is_named,
    a_sensor_that_is_silent_is_not_waited_for,
);

async fn poll(app: &TestApp, sensor: &TestSensor, at_once: bool) -> Value {
    let request = json!({
        "active_revision": 1, "at_once": at_once,
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

async fn report(app: &TestApp, sensor: &TestSensor, report: Value) {
    let body = serde_json::to_vec(&report).unwrap();
    let answer = sensor
        .post(app, "/sensor/v1/log", &body, Timestamp::now(), random())
        .await;
    assert_eq!(answer.status(), StatusCode::OK);
}

async fn ask(
    app: &TestApp,
    token: &str,
    sensor: &TestSensor,
    instance: InstanceId,
) -> (StatusCode, Value) {
    let path = format!("/api/v1/sensors/{}/instances/{instance}/log", sensor.id);
    let answer = app.api(&path, token).await;
    (answer.status(), answer.json().await.unwrap())
}

/// A sensor that was heard just now.
async fn online(app: &TestApp, name: &str) -> TestSensor {
    let sensor = app.sensor(name, app.group().await).await;
    poll(app, &sensor, true).await;
    sensor
}

async fn a_sensor_is_asked_and_answers(engine: Engine) {
    let app = TestApp::start(engine).await;
    let manager = app.token(Role::Manager).await;
    let (sensor, other) = (online(&app, "one").await, online(&app, "other").await);
    let lines: Vec<Bytes> = vec!["started".into(), b"\x1b[31m\xff<b>".to_vec().into()];
    let begun = Instant::now();
    let answering = async {
        let told = poll(&app, &sensor, false).await;
        assert_eq!(told["logs"], json!([sensor.instance]));
        assert_eq!(told["configuration"], Value::Null);
        // Another one cannot answer for it.
        let wrong = json!({ "instance": sensor.instance, "lines": [Bytes::from("wrong")] });
        report(&app, &other, wrong).await;
        let right = json!({ "instance": sensor.instance, "lines": lines });
        report(&app, &sensor, right).await;
    };
    let asking = async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        ask(&app, &manager, &sensor, sensor.instance).await
    };
    let ((), (status, log)) = tokio::join!(answering, asking);
    assert!(begun.elapsed() < Duration::from_secs(5));
    assert_eq!(status, StatusCode::OK, "{log}");
    let said = log["lines"].as_array().unwrap();
    assert_eq!(said.len(), 2, "{log}");
    assert_eq!(said[1]["text"], json!("\\x1b[31m\\xff<b>"));
    assert_eq!(said[1]["base64"], json!(STANDARD.encode(&lines[1].0)));
    let told = poll(&app, &sensor, true).await;
    assert_eq!(told.get("logs"), None, "it is asked once");
}

async fn whoever_cannot_be_asked_is_named(engine: Engine) {
    let app = TestApp::start(engine).await;
    let manager = app.token(Role::Manager).await;
    let sensor = online(&app, "one").await;
    let never = app.sensor("never", app.group().await).await;
    let (status, problem) = ask(&app, &manager, &never, never.instance).await;
    assert_eq!(status, StatusCode::CONFLICT);
    assert_eq!(problem["title"], json!("the sensor is offline"));
    let (status, _) = ask(&app, &manager, &sensor, never.instance).await;
    assert_eq!(status, StatusCode::NOT_FOUND, "another sensor's instance");

    let (told, (status, problem)) = tokio::join!(
        async {
            let told = poll(&app, &sensor, false).await;
            let problem =
                json!({ "instance": sensor.instance, "lines": [], "problem": "no\nengine" });
            report(&app, &sensor, problem).await;
            told
        },
        async {
            tokio::time::sleep(Duration::from_millis(300)).await;
            ask(&app, &manager, &sensor, sensor.instance).await
        }
    );
    assert_eq!(told["logs"], json!([sensor.instance]));
    assert_eq!(status, StatusCode::CONFLICT);
    let title = problem["title"].as_str().unwrap();
    assert_eq!(title, "the sensor cannot do it: no\\x0aengine");
}

async fn a_sensor_that_is_silent_is_not_waited_for(engine: Engine) {
    let app = TestApp::start(engine).await;
    let manager = app.token(Role::Manager).await;
    let sensor = online(&app, "one").await;
    let begun = Instant::now();
    let (status, problem) = ask(&app, &manager, &sensor, sensor.instance).await;
    assert!(begun.elapsed() < Duration::from_secs(15));
    assert_eq!(status, StatusCode::GATEWAY_TIMEOUT);
    let title = problem["title"].as_str().unwrap();
    assert!(title.contains("does not answer"), "{title}");
    // What nobody waits for any longer is not asked for.
    assert_eq!(poll(&app, &sensor, true).await.get("logs"), None);
    // And may come all the same.
    let late = json!({ "instance": sensor.instance, "lines": [] });
    report(&app, &sensor, late).await;
}
