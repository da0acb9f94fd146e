//! A program that works with a server over its API.
#![allow(
    dead_code,
    missing_docs,
    clippy::unwrap_used,
    reason = "each test uses a part of this, and a test may fail"
)]

use std::time::Duration;

use reqwest::{Body, Method, StatusCode};
use serde_json::{Value, json};

/// A client with a token.
pub struct Client {
    pub url: String,
    pub token: String,
    http: reqwest::Client,
}

impl Client {
    pub fn new(url: String, token: String) -> Self {
        // An error means that it is installed already.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        Self { url, token, http }
    }

    async fn send(&self, method: Method, path: &str, body: Body) -> (StatusCode, Value) {
        let answer = self
            .http
            .request(method, format!("{}/api/v1/{path}", self.url))
            .bearer_auth(&self.token)
            .header("content-type", "application/json")
            .body(body)
            .send()
            .await
            .unwrap_or_else(|error| panic!("{path}: {error}"));
        let status = answer.status();
        (status, answer.json().await.unwrap_or_default())
    }

    async fn done(&self, method: Method, path: &str, body: Body) -> Value {
        let (status, answer) = self.send(method, path, body).await;
        assert!(status.is_success(), "{path}: {status} {answer}");
        answer
    }

    /// Reads something; as often as tests look, a token is told to wait now and then.
    pub async fn get(&self, path: &str) -> Value {
        loop {
            let (status, answer) = self.send(Method::GET, path, Body::from("")).await;
            if status != StatusCode::TOO_MANY_REQUESTS {
                assert!(status.is_success(), "{path}: {status} {answer}");
                return answer;
            }
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    }

    pub async fn edit(&self, path: &str, edit: Value) -> Value {
        self.done(Method::PATCH, path, edit.to_string().into())
            .await
    }

    /// Uploads an archive; `form` are the parameters that describe it.
    pub async fn upload(&self, form: &str, archive: impl Into<Body>) -> Value {
        let path = format!("services?{form}");
        self.done(Method::POST, &path, archive.into()).await
    }

    /// Changes what sensors run, by one change; returns the one that takes it back.
    pub async fn deploy(&self, change: Value) -> Value {
        let body = json!({ "changes": [change] }).to_string();
        let answer = self.done(Method::POST, "deployments", body.into()).await;
        answer["undo"][0].clone()
    }

    /// Has a sensor run a service on TCP ports of all its addresses; returns the instance.
    pub async fn assign(&self, sensor: &str, service: &str, ports: &[u16]) -> String {
        let ports = ports
            .iter()
            .map(|port| json!({ "number": port, "transport": "tcp" }));
        let ports: Vec<_> = ports.collect();
        let undo = self
            .deploy(json!({
                "change": "add", "sensor": sensor, "service": service,
                "placement": { "address": "0.0.0.0", "ports": ports },
            }))
            .await;
        undo["instance"].as_str().unwrap().to_owned()
    }

    /// Has a sensor run an instance no longer.
    pub async fn unassign(&self, sensor: &str, instance: &str) {
        self.deploy(json!({ "change": "remove", "sensor": sensor, "instance": instance }))
            .await;
    }

    /// The one sensor that there is.
    pub async fn sensor(&self) -> Value {
        self.get("sensors").await["items"][0].clone()
    }

    /// The events of a source, oldest first, with all of their steps.
    pub async fn events(&self, source: &str) -> Vec<Value> {
        let listed = self.get(&format!("events?source={source}&limit=200")).await;
        let mut events = vec![];
        for event in listed["items"].as_array().unwrap().iter().rev() {
            let id = event["id"].as_str().unwrap();
            events.push(self.get(&format!("events/{id}")).await);
        }
        events
    }
}
