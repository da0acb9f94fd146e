//! The live stream: what changes reaches whoever may see it, at once and in order.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    missing_docs,
    reason = "a test may fail"
)]

mod support;

use std::time::Duration;

use futures::StreamExt;
use serde_json::{Value, json};
use skep_model::{ids::EventId, user::Role};
use support::{Engine, TestApp, command, extend};

on_both!(
    events_reach_their_group_and_no_other,
    a_browser_that_comes_back_gets_what_it_missed,
    a_stream_ends_with_its_session,
    sensors_that_change_are_named_and_can_be_read,
);

/// A browser's stream.
struct Stream {
    body: std::pin::Pin<Box<dyn futures::Stream<Item = reqwest::Result<bytes::Bytes>> + Send>>,
    buffer: String,
    last: String,
}

impl Stream {
    async fn open(app: &TestApp, cookie: &str, last: Option<&str>) -> Self {
        let mut request = app
            .http
            .get(format!("{}/live", app.url))
            .header("cookie", cookie);
        if let Some(last) = last {
            request = request.header("last-event-id", last);
        }
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), 200);
        Self {
            body: Box::pin(answer.bytes_stream()),
            buffer: String::new(),
            last: String::new(),
        }
    }

    /// The next message; `None` when the stream ends, or nothing comes for a while.
    async fn next(&mut self) -> Option<Value> {
        loop {
            if let Some((message, rest)) = self.buffer.split_once("\n\n") {
                let field = |name: &str| {
                    message
                        .lines()
                        .find_map(|line| line.strip_prefix(name).map(str::to_owned))
                };
                let (id, data) = (field("id: "), field("data: "));
                let rest = rest.to_owned();
                self.buffer = rest;
                if let Some(data) = data {
                    self.last = id.unwrap();
                    return Some(serde_json::from_str(&data).unwrap());
                }
                continue;
            }
            let chunk = tokio::time::timeout(Duration::from_secs(2), self.body.next())
                .await
                .ok()??
                .ok()?;
            self.buffer.push_str(std::str::from_utf8(&chunk).unwrap());
        }
    }

    /// The next message about an event.
    async fn next_event(&mut self) -> Option<(String, String, usize)> {
        loop {
            let message = self.next().await?;
            if message["type"] == "sensors" {
                continue;
            }
            let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
            let new = message["interactions"].as_array().map_or(0, Vec::len);
            return Some((text(&message["type"]), text(&message["event"]["id"]), new));
        }
    }
}

async fn events_reach_their_group_and_no_other(engine: Engine) {
    let app = TestApp::start(engine).await;
    let (group, foreign) = (app.group().await, app.another_group("foreign").await);
    let mut sensor = app.sensor("one", group).await;
    let mut theirs =
        Stream::open(&app, &app.user("them", Role::Manager, foreign).await, None).await;
    let mut ours = Stream::open(&app, &app.user("us", Role::Observer, group).await, None).await;
    let event = EventId::new();
    sensor.send(&app, &[sensor.open(event, vec![])]).await;
    sensor
        .send(
            &app,
            &[extend(event, 0, vec![command(b"id"), command(b"w")])],
        )
        .await;
    assert_eq!(
        ours.next_event().await,
        Some(("opened".into(), event.to_string(), 0))
    );
    assert_eq!(
        ours.next_event().await,
        Some(("changed".into(), event.to_string(), 2))
    );
    assert_eq!(theirs.next().await, None);
}

async fn a_browser_that_comes_back_gets_what_it_missed(engine: Engine) {
    let app = TestApp::start(engine).await;
    let cookie = app.admin().await;
    let mut sensor = app.sensor("one", app.group().await).await;
    let mut stream = Stream::open(&app, &cookie, None).await;
    let (first, second) = (EventId::new(), EventId::new());
    sensor.send(&app, &[sensor.open(first, vec![])]).await;
    assert!(stream.next_event().await.is_some());
    let last = stream.last.clone();
    drop(stream);
    sensor.send(&app, &[sensor.open(second, vec![])]).await;
    let mut again = Stream::open(&app, &cookie, Some(&last)).await;
    assert_eq!(
        again.next_event().await,
        Some(("opened".into(), second.to_string(), 0))
    );
    // An id of another run of the server says nothing about this one.
    let mut stranger = Stream::open(&app, &cookie, Some("other.1")).await;
    assert_eq!(stranger.next().await.unwrap()["type"], "resync");
}

async fn a_stream_ends_with_its_session(engine: Engine) {
    let app = TestApp::start(engine).await;
    let (cookie, other) = (app.admin().await, app.admin().await);
    let mut stream = Stream::open(&app, &cookie, None).await;
    let mut stays = Stream::open(&app, &other, None).await;
    app.post_fn("log_out", &[], &cookie).await;
    assert!(stream.body.next().await.is_none(), "the stream must end");
    let mut sensor = app.sensor("one", app.group().await).await;
    sensor
        .send(&app, &[sensor.open(EventId::new(), vec![])])
        .await;
    assert!(stays.next_event().await.is_some());
}

async fn sensors_that_change_are_named_and_can_be_read(engine: Engine) {
    let app = TestApp::start(engine).await;
    let (group, foreign) = (app.group().await, app.another_group("foreign").await);
    let ours = app.sensor("ours", group).await.id.to_string();
    let theirs = app.sensor("theirs", foreign).await.id.to_string();
    let us = app.user("us", Role::Observer, group).await;
    let mut stream = Stream::open(&app, &us, None).await;
    let admin = app.token(Role::Admin).await;
    for sensor in [&theirs, &ours] {
        let change = json!({
            "change": "add", "sensor": sensor, "service": "ssh",
            "placement": { "address": "127.0.0.1", "ports": [{ "number": 2299, "transport": "tcp" }] }
        });
        let answer = app
            .http
            .post(format!("{}/api/v1/deployments", app.url))
            .bearer_auth(&admin)
            .json(&json!({ "changes": [change] }))
            .send();
        assert_eq!(answer.await.unwrap().status(), 200);
    }
    assert_eq!(
        stream.next().await,
        Some(json!({ "type": "sensors", "sensors": [ours] }))
    );

    let among = async |sensors: Vec<&String>| {
        let answer = app
            .http
            .post(format!("{}/fn/sensors_among", app.url))
            .header("cookie", &us)
            .header("origin", &app.url)
            .json(&json!({ "sensors": sensors }))
            .send();
        answer.await.unwrap()
    };
    let answer: Value = among(vec![&theirs, &ours]).await.json().await.unwrap();
    assert_eq!(
        (answer.as_array().unwrap().len(), &answer[0]["id"]),
        (1, &json!(ours))
    );
    let none: Value = among(vec![]).await.json().await.unwrap();
    assert_eq!(none, json!([]));
    assert!(!among(vec![&ours; 1001]).await.status().is_success());
}
