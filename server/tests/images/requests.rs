//! What tests of images ask of the server.

#![allow(dead_code, reason = "each test uses a part of this")]

use std::path::Path;

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use skep_model::Timestamp;

use crate::support::{TestApp, TestSensor, random};

pub async fn send(
    app: &TestApp,
    method: Method,
    path: &str,
    token: &str,
    body: Vec<u8>,
) -> (StatusCode, Value) {
    let answer = app
        .http
        .request(method, format!("{}{path}", app.url))
        .bearer_auth(token)
        .header("content-type", "application/json")
        .body(body)
        .send()
        .await
        .unwrap();
    let status = answer.status();
    (status, answer.json().await.unwrap_or_default())
}

pub async fn upload(
    app: &TestApp,
    token: &str,
    form: &str,
    archive: Vec<u8>,
) -> (StatusCode, Value) {
    send(
        app,
        Method::POST,
        &format!("/api/v1/services{form}"),
        token,
        archive,
    )
    .await
}

pub async fn edit(app: &TestApp, token: &str, service: &str, edit: Value) -> (StatusCode, Value) {
    let path = format!("/api/v1/services/{service}");
    send(
        app,
        Method::PATCH,
        &path,
        token,
        edit.to_string().into_bytes(),
    )
    .await
}

pub async fn remove(app: &TestApp, token: &str, path: &str) -> (StatusCode, Value) {
    send(
        app,
        Method::DELETE,
        &format!("/api/v1/services/{path}"),
        token,
        vec![],
    )
    .await
}

pub async fn deploy(app: &TestApp, token: &str, changes: Value) -> (StatusCode, Value) {
    let body = json!({ "changes": changes }).to_string().into_bytes();
    send(app, Method::POST, "/api/v1/deployments", token, body).await
}

pub async fn add(
    app: &TestApp,
    token: &str,
    sensor: &TestSensor,
    service: &str,
) -> (StatusCode, Value) {
    let change = json!({ "change": "add", "sensor": sensor.id, "service": service });
    deploy(app, token, json!([change])).await
}

/// What a sensor with this processor is told.
pub async fn poll(
    app: &TestApp,
    sensor: &TestSensor,
    architecture: &str,
    revision: u64,
    at_once: bool,
) -> Value {
    let request = json!({
        "active_revision": revision, "at_once": at_once,
        "status": {
            "version": "0.1.0", "architecture": architecture, "uptime": 5, "queued": 0, "dropped": 0,
            "clock_offset": 0, "memory": 1, "instances": [],
        },
    });
    let body = serde_json::to_vec(&request).unwrap();
    let answer = sensor
        .post(app, "/sensor/v1/poll", &body, Timestamp::now(), random())
        .await;
    assert_eq!(answer.status(), StatusCode::OK);
    answer.json().await.unwrap()
}

/// The instance of a service in what a sensor is told.
pub fn instance<'a>(told: &'a Value, service: &str) -> &'a Value {
    let all = told["configuration"]["instances"].as_array().unwrap();
    all.iter().find(|one| one["service"] == service).unwrap()
}

/// A sensor that has said what processor it has.
pub async fn sensor(app: &TestApp, name: &str, architecture: &str) -> TestSensor {
    let sensor = app.sensor(name, app.group().await).await;
    poll(app, &sensor, architecture, 1, true).await;
    sensor
}

pub fn files(folder: &Path) -> usize {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return 0;
    };
    let paths = entries.map(|entry| entry.unwrap().path());
    paths
        .map(|path| if path.is_dir() { files(&path) } else { 1 })
        .sum()
}
