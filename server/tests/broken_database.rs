//! A full disk, and a database that vanishes: clear answers, nothing acknowledged is lost, and it goes on by itself.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    missing_docs,
    reason = "a test may fail"
)]

mod support;

use std::{
    process::Command,
    sync::Arc,
    time::{Duration, Instant},
};

use reqwest::StatusCode;
use serde_json::Value;
use skep_model::{Timestamp, ids::EventId};
use support::{Engine, TestApp, TestSensor, command, random};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::watch,
};

/// A batch of ten events with something in them.
fn batch(sensor: &TestSensor) -> Vec<u8> {
    let parts: Vec<Value> = (0..10)
        .map(|_| {
            serde_json::to_value(sensor.open(EventId::new(), vec![command(&[b'x'; 2000])])).unwrap()
        })
        .collect();
    sensor.batch(sensor.next, &parts)
}

async fn deliver(app: &TestApp, sensor: &mut TestSensor, body: &[u8]) -> StatusCode {
    let answer = sensor
        .post(app, "/sensor/v1/events", body, Timestamp::now(), random())
        .await;
    let status = answer.status();
    if status == StatusCode::OK {
        sensor.next += 10;
    } else {
        assert!(
            answer.headers().contains_key("retry-after"),
            "{status} without Retry-After"
        );
        let problem: Value = answer.json().await.unwrap();
        let text = problem.to_string();
        assert!(
            !text.contains("sqlite") && !text.contains("connection"),
            "internals in the answer: {text}"
        );
    }
    status
}

/// Runs itself once more under a limit on the size of files, as a full disk does to the database.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_refuses_and_loses_nothing() {
    const INNER: &str = "SKEP_TEST_LIMITED";
    if std::env::var_os(INNER).is_none() {
        // 4096 KB; the signal that comes with it is ignored, so that writes fail as they do on a full disk.
        let script = "trap '' XFSZ; ulimit -S -f 4096; exec \"$0\" --exact a_full_disk_refuses_and_loses_nothing";
        let output = Command::new("bash")
            .args(["-c", script])
            .arg(std::env::current_exe().unwrap())
            .env(INNER, "1")
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(
            output.status.success() && text.contains("1 passed"),
            "{text}"
        );
        return;
    }
    let app = TestApp::start(Engine::Sqlite).await;
    let mut sensor = app.sensor("one", app.group().await).await;
    let mut acknowledged = 0;
    let refused = loop {
        let body = batch(&sensor);
        match deliver(&app, &mut sensor, &body).await {
            StatusCode::OK => acknowledged += 10,
            StatusCode::TOO_MANY_REQUESTS => break body,
            other => panic!("{other}"),
        }
        assert!(acknowledged < 100_000, "the limit has no effect");
    };
    assert!(acknowledged > 0);
    // Reading goes on.
    assert_eq!(app.get("/healthz", "").await.status(), StatusCode::OK);
    assert_eq!(app.count("SELECT COUNT(*) FROM events").await, acknowledged);
    assert_eq!(
        deliver(&app, &mut sensor, &refused).await,
        StatusCode::TOO_MANY_REQUESTS
    );

    // Somebody makes room.
    rustix::process::setrlimit(
        rustix::process::Resource::Fsize,
        rustix::process::Rlimit {
            current: None,
            maximum: None,
        },
    )
    .unwrap();
    assert_eq!(deliver(&app, &mut sensor, &refused).await, StatusCode::OK);
    assert_eq!(
        app.count("SELECT COUNT(*) FROM events").await,
        acknowledged + 10
    );
    assert_eq!(
        app.count("SELECT COUNT(*) FROM interactions").await,
        acknowledged + 10
    );
}

/// A way to the database that can be cut.
struct Wire {
    port: u16,
    up: Arc<watch::Sender<bool>>,
}

impl Wire {
    async fn to(address: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let up = Arc::new(watch::channel(true).0);
        let state = Arc::clone(&up);
        tokio::spawn(async move {
            loop {
                let (mut near, _) = listener.accept().await.unwrap();
                let mut changes = state.subscribe();
                if !*changes.borrow() {
                    continue;
                }
                let address = address.clone();
                tokio::spawn(async move {
                    let mut far = TcpStream::connect(address).await.unwrap();
                    tokio::select! {
                        _ = tokio::io::copy_bidirectional(&mut near, &mut far) => {}
                        _ = changes.wait_for(|up| !up) => {}
                    }
                });
            }
        });
        Self { port, up }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_vanished_database_is_said_and_survived() {
    let url = support::postgres_database().await;
    let (credentials, place) = url.rsplit_once('@').unwrap();
    let (address, name) = place.split_once('/').unwrap();
    let wire = Wire::to(address.to_owned()).await;
    let app = TestApp::over_postgres(
        &format!("{credentials}@127.0.0.1:{}/{name}", wire.port),
        &url,
    )
    .await;
    let cookie = app.set_up().await;
    let mut sensor = app.sensor("one", app.group().await).await;
    let body = batch(&sensor);
    assert_eq!(deliver(&app, &mut sensor, &body).await, StatusCode::OK);

    wire.up.send_replace(false);
    assert_eq!(
        app.get("/healthz", "").await.status(),
        StatusCode::SERVICE_UNAVAILABLE
    );
    let page = app.get("/events", &cookie).await;
    assert_eq!(page.status(), StatusCode::INTERNAL_SERVER_ERROR);
    let text = page.text().await.unwrap();
    assert!(
        text.contains("log") && !text.contains("Connection refused"),
        "{text}"
    );
    let body = batch(&sensor);
    let answer = sensor
        .post(&app, "/sensor/v1/events", &body, Timestamp::now(), random())
        .await;
    assert!(answer.status().is_server_error() || answer.status() == StatusCode::TOO_MANY_REQUESTS);

    wire.up.send_replace(true);
    let start = Instant::now();
    while app.get("/healthz", "").await.status() != StatusCode::OK {
        assert!(
            start.elapsed() < Duration::from_secs(10),
            "the server does not find its database again"
        );
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(deliver(&app, &mut sensor, &body).await, StatusCode::OK);
    assert_eq!(app.count("SELECT COUNT(*) FROM events").await, 20);
}
