//! Archives that come in parts: over broken connections and restarts, within bounds.

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

use std::time::{Duration, SystemTime};

use archives::Image;
use futures::{StreamExt, stream};
use requests::{files, send};
use reqwest::{Body, Method, StatusCode};
use serde_json::{Value, json};
use skep_model::user::Role;
use support::{Engine, TestApp};

on_both!(
    an_archive_in_parts_becomes_a_service,
    parts_are_bounded_and_go_away,
);

async fn ask(app: &TestApp, method: Method, path: &str, token: &str) -> (StatusCode, Value) {
    let path = format!("/api/v1/uploads{path}");
    send(app, method, &path, token, vec![]).await
}

async fn append(
    app: &TestApp,
    token: &str,
    id: &str,
    offset: usize,
    part: &[u8],
) -> (StatusCode, Value) {
    let path = format!("/api/v1/uploads/{id}?offset={offset}");
    send(app, Method::PATCH, &path, token, part.to_vec()).await
}

async fn begin(app: &TestApp, token: &str) -> String {
    let (status, begun) = ask(app, Method::POST, "", token).await;
    assert_eq!(
        (status, &begun["received"]),
        (StatusCode::CREATED, &json!(0))
    );
    begun["id"].as_str().unwrap().to_owned()
}

async fn an_archive_in_parts_becomes_a_service(engine: Engine) {
    let app = TestApp::start(engine).await;
    let admin = app.token(Role::Admin).await;
    let archive = Image::new("amd64", "one").honeysens("pot", "amd64", "1.0");
    let third = archive.len() / 3;
    let id = begin(&app, &admin).await;
    let (status, grown) = append(&app, &admin, &id, 0, &archive[..third]).await;
    assert_eq!(
        (status, &grown["received"]),
        (StatusCode::OK, &json!(third))
    );

    // A part in the wrong place changes nothing, and says where to go on.
    for offset in [0, third - 1, third + 1] {
        let (status, refused) = append(&app, &admin, &id, offset, b"wrong").await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
        let said = refused["title"].as_str().unwrap();
        assert!(said.contains(&format!("offset {third}")), "{said}");
    }

    // A connection that breaks in the middle: what came is kept.
    let half = archive[third..third + 1000].to_vec();
    let broken = stream::iter([Ok(half), Err(std::io::Error::other("broken"))]);
    // What is written is on its way before it breaks.
    let broken = broken.then(async |piece| {
        tokio::time::sleep(Duration::from_millis(200)).await;
        piece
    });
    let path = format!("{}/api/v1/uploads/{id}?offset={third}", app.url);
    let request = app.http.patch(path).bearer_auth(&admin);
    assert!(
        request
            .body(Body::wrap_stream(broken))
            .send()
            .await
            .is_err()
    );
    let received = async |app: &TestApp, wanted: usize| {
        for _ in 0..100 {
            let (_, now) = ask(app, Method::GET, &format!("/{id}"), &admin).await;
            if now["received"] == wanted {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("never {wanted} bytes");
    };
    received(&app, third + 1000).await;

    // The server starts again, and knows how far it was.
    let app = app.restarted().await;
    received(&app, third + 1000).await;
    let (status, refused) = ask(&app, Method::POST, &format!("/{id}/finish"), &admin).await;
    assert_eq!(
        status,
        StatusCode::UNPROCESSABLE_ENTITY,
        "cut off: {refused}"
    );
    let (status, whole) = append(&app, &admin, &id, third + 1000, &archive[third + 1000..]).await;
    assert_eq!(
        (status, &whole["received"]),
        (StatusCode::OK, &json!(archive.len()))
    );

    // Refused for what is said about it, it stays, and is taken with other words.
    let (status, refused) = ask(
        &app,
        Method::POST,
        &format!("/{id}/finish?name=ssh"),
        &admin,
    )
    .await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{refused}");
    let (status, made) = ask(&app, Method::POST, &format!("/{id}/finish"), &admin).await;
    assert_eq!(
        (status, &made["name"]),
        (StatusCode::CREATED, &json!("pot"))
    );
    assert_eq!(made["revisions"][0]["label"], "1.0");
    let (status, _) = ask(&app, Method::GET, &format!("/{id}"), &admin).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    assert_eq!(files(&app.data().join("archives")), 0);
}

async fn parts_are_bounded_and_go_away(engine: Engine) {
    let app = TestApp::start(engine).await;
    let admin = app.token(Role::Admin).await;
    let id = begin(&app, &admin).await;
    // Longer than may be, in one part and in several.
    let most = 4 * 1024 * 1024;
    let (status, _) = append(&app, &admin, &id, 0, &vec![0; most + 1]).await;
    assert_eq!(status, StatusCode::PAYLOAD_TOO_LARGE);
    let (_, now) = ask(&app, Method::GET, &format!("/{id}"), &admin).await;
    let received = usize::try_from(now["received"].as_u64().unwrap()).unwrap();
    assert!(received <= most);
    let (status, _) = append(&app, &admin, &id, received, &vec![0; most - received]).await;
    assert_eq!(status, StatusCode::OK);
    let (status, _) = append(&app, &admin, &id, most, b"x").await;
    assert_eq!(status, StatusCode::PAYLOAD_TOO_LARGE);

    // As many as there may be, and no more.
    for _ in 1..8 {
        begin(&app, &admin).await;
    }
    let (status, _) = ask(&app, Method::POST, "", &admin).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    let (_, all) = ask(&app, Method::GET, "", &admin).await;
    assert_eq!(all["items"].as_array().unwrap().len(), 8);
    let (status, _) = ask(&app, Method::DELETE, &format!("/{id}"), &admin).await;
    assert_eq!(status, StatusCode::NO_CONTENT);
    begin(&app, &admin).await;

    // Nobody has gone on with these for more than a day: they make room.
    let old = SystemTime::now() - Duration::from_hours(25);
    for entry in std::fs::read_dir(app.data().join("archives")).unwrap() {
        let file = std::fs::File::options()
            .write(true)
            .open(entry.unwrap().path());
        file.unwrap().set_modified(old).unwrap();
    }
    begin(&app, &admin).await;
    assert_eq!(files(&app.data().join("archives")), 1);
    // An id is an id, and never a path.
    let (status, _) = ask(&app, Method::GET, "/..%2fskep.db", &admin).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
}
