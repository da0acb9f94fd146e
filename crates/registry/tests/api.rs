//! The registry's addresses, as the distribution specification describes them.

mod support;

use std::time::Duration;

use reqwest::{Client, Method, StatusCode};
use skep_registry::{Digest, Limits, MediaType};
use support::{
    PASSWORD, READER, Registry, USER,
    client::{header, is, refusal},
    limits,
};

#[tokio::test]
async fn who_may() {
    let registry = Registry::start().await;
    let digest = Digest::of(b"x");
    let anonymous = |method: Method, path: &str| Client::new().request(method, registry.at(path));
    for path in ["/v2/", "/v2/a/tags/list", &format!("/v2/a/blobs/{digest}")] {
        let answer = anonymous(Method::GET, path)
            .send()
            .await
            .expect("an answer");
        assert_eq!(header(&answer, "www-authenticate"), "Basic realm=\"skep\"");
        assert_eq!(refusal(answer).await, is(401, "UNAUTHORIZED"), "{path}");
    }
    let wrong = anonymous(Method::GET, "/v2/").basic_auth(USER, Some("wrong"));
    assert_eq!(wrong.send().await.expect("an answer").status(), 401);
    let token = anonymous(Method::GET, "/v2/").bearer_auth(PASSWORD);
    let answer = token.send().await.expect("an answer");
    assert_eq!(answer.status(), 200);
    assert_eq!(
        header(&answer, "docker-distribution-api-version"),
        "registry/2.0"
    );
    assert_eq!(header(&answer, "x-content-type-options"), "nosniff");

    for (method, path) in [
        (Method::POST, "/v2/a/blobs/uploads/".to_owned()),
        (Method::PUT, "/v2/a/manifests/1".to_owned()),
        (Method::DELETE, "/v2/a/manifests/1".to_owned()),
        (Method::DELETE, format!("/v2/a/blobs/{digest}")),
    ] {
        let answer = anonymous(method.clone(), &path).basic_auth(READER, Some(PASSWORD));
        let answer = answer.send().await.expect("an answer");
        assert_eq!(refusal(answer).await, is(403, "DENIED"), "{method} {path}");
    }
    let answer = registry.get("/v2/forbidden/tags/list").await;
    assert_eq!(refusal(answer).await, is(403, "DENIED"));
    assert_eq!(registry.count("."), 0);
}

#[tokio::test]
async fn what_is_not_there() {
    let registry = Registry::start().await;
    let digest = Digest::of(b"x");
    let id = "0".repeat(32);
    for (method, path, wanted) in [
        (Method::GET, "/v2/a/tags/list", is(404, "NAME_UNKNOWN")),
        (Method::GET, "/v2/A/tags/list", is(400, "NAME_INVALID")),
        (Method::GET, "/v2/a/../b/tags/list", is(404, "NAME_UNKNOWN")),
        (
            Method::GET,
            "/v2/a/%2e%2e/b/tags/list",
            is(404, "NAME_UNKNOWN"),
        ),
        (
            Method::GET,
            "/v2/a/manifests/latest",
            is(404, "MANIFEST_UNKNOWN"),
        ),
        (
            Method::GET,
            "/v2/a/manifests/.latest",
            is(404, "MANIFEST_UNKNOWN"),
        ),
        (
            Method::PUT,
            "/v2/a/manifests/.latest",
            is(400, "MANIFEST_INVALID"),
        ),
        (
            Method::DELETE,
            "/v2/a/manifests/latest",
            is(404, "MANIFEST_UNKNOWN"),
        ),
        (
            Method::GET,
            &format!("/v2/a/manifests/{digest}"),
            is(404, "MANIFEST_UNKNOWN"),
        ),
        (
            Method::GET,
            &format!("/v2/a/blobs/{digest}"),
            is(404, "BLOB_UNKNOWN"),
        ),
        (
            Method::GET,
            "/v2/a/blobs/sha256:x",
            is(400, "DIGEST_INVALID"),
        ),
        (
            Method::DELETE,
            &format!("/v2/a/blobs/{digest}"),
            is(405, "UNSUPPORTED"),
        ),
        (
            Method::GET,
            &format!("/v2/a/blobs/uploads/{id}"),
            is(404, "BLOB_UPLOAD_UNKNOWN"),
        ),
        (
            Method::PATCH,
            &format!("/v2/a/blobs/uploads/{id}"),
            is(404, "BLOB_UPLOAD_UNKNOWN"),
        ),
        (
            Method::PUT,
            &format!("/v2/a/blobs/uploads/{id}?digest={digest}"),
            is(404, "BLOB_UPLOAD_UNKNOWN"),
        ),
        (
            Method::PUT,
            &format!("/v2/a/blobs/uploads/{id}"),
            is(400, "DIGEST_INVALID"),
        ),
        (Method::POST, "/v2/a/tags/list", is(405, "UNSUPPORTED")),
    ] {
        let answer = registry
            .ask(method.clone(), path)
            .send()
            .await
            .expect("an answer");
        assert_eq!(refusal(answer).await, wanted, "{method} {path}");
    }
    let none = registry.get(&format!("/v2/a/referrers/{digest}")).await;
    assert_eq!(none.status(), 200);
    assert_eq!(header(&none, "content-type"), MediaType::Index.as_str());
}

#[tokio::test]
async fn an_upload_in_parts() {
    let registry = Registry::start().await;
    let content = b"0123456789";
    let place = registry.begin("a/b").await;
    let part = |range: &str, content: &'static [u8]| {
        let request = registry.ask(Method::PATCH, &place);
        request
            .header("content-range", range.to_owned())
            .body(content)
    };
    let answer = part("0-3", b"0123").send().await.expect("an answer");
    assert_eq!(
        (answer.status().as_u16(), header(&answer, "range")),
        (202, "0-3".to_owned())
    );
    // Not in order: the sender learns where to go on.
    let answer = part("6-9", b"6789").send().await.expect("an answer");
    assert_eq!(
        (answer.status().as_u16(), header(&answer, "range")),
        (416, "0-3".to_owned())
    );
    let answer = registry.get(&place).await;
    assert_eq!(
        (answer.status().as_u16(), header(&answer, "range")),
        (204, "0-3".to_owned())
    );
    let elsewhere = place.replace("a/b", "a/c");
    assert_eq!(
        registry.get(&elsewhere).await.status(),
        404,
        "it is another repository's"
    );

    let digest = Digest::of(content);
    let end = registry.ask(Method::PUT, &format!("{place}?digest={digest}"));
    let end = end
        .header("content-range", "4-9")
        .body("456789")
        .send()
        .await
        .expect("an answer");
    assert_eq!(end.status(), 201);
    assert_eq!(registry.get(&place).await.status(), 404, "it has ended");

    let path = header(&end, "location");
    let head = registry
        .ask(Method::HEAD, &path)
        .send()
        .await
        .expect("an answer");
    assert_eq!(
        (head.status().as_u16(), header(&head, "content-length")),
        (200, "10".to_owned())
    );
    for (range, status, wanted) in [
        ("bytes=0-", 206, "0123456789"),
        ("bytes=2-3", 206, "23"),
        ("bytes=-2", 206, "89"),
        ("bytes=0-1,3-4", 200, "0123456789"),
        ("bytes=10-", 416, ""),
    ] {
        let answer = registry
            .ask(Method::GET, &path)
            .header("range", range)
            .send()
            .await;
        let answer = answer.expect("an answer");
        assert_eq!(answer.status(), status, "{range}");
        assert_eq!(answer.text().await.expect("text"), wanted, "{range}");
    }
    // A blob belongs to its repository alone until it is taken over.
    let other = path.replace("a/b", "c");
    assert_eq!(registry.get(&other).await.status(), 404);
    for (from, status) in [("forbidden", 202), ("nobody", 202), ("a/b", 201)] {
        let mount = format!("/v2/c/blobs/uploads/?mount={digest}&from={from}");
        let answer = registry
            .ask(Method::POST, &mount)
            .send()
            .await
            .expect("an answer");
        assert_eq!(answer.status(), status, "{from}");
    }
    assert_eq!(registry.get(&other).await.status(), 200);
}

#[tokio::test]
async fn uploads_that_are_refused() {
    let limits = Limits {
        blob: 100,
        uploads: 2,
        ..limits()
    };
    let registry = Registry::with(limits).await;
    let other = Digest::of(b"other");
    let whole = |content: Vec<u8>| {
        let path = format!("/v2/a/blobs/uploads/?digest={other}");
        registry.ask(Method::POST, &path).body(content)
    };
    let answer = whole(b"content".to_vec()).send().await.expect("an answer");
    assert_eq!(refusal(answer).await, is(400, "DIGEST_INVALID"));
    let answer = whole(vec![0; 101]).send().await.expect("an answer");
    assert_eq!(refusal(answer).await, is(413, "SIZE_INVALID"));
    // Without a length it is counted.
    let place = registry.begin("a").await;
    let endless = futures::stream::iter((0..100_000).map(|_| Ok::<_, std::io::Error>(vec![0; 10])));
    let endless = reqwest::Body::wrap_stream(endless);
    let answer = registry
        .ask(Method::PATCH, &place)
        .body(endless)
        .send()
        .await;
    if let Ok(answer) = answer {
        assert_eq!(refusal(answer).await, is(413, "SIZE_INVALID"));
    }
    assert_eq!(registry.get(&place).await.status(), 404, "it has ended");

    let (one, two) = (registry.begin("a").await, registry.begin("a").await);
    let third = registry
        .ask(Method::POST, "/v2/a/blobs/uploads/")
        .send()
        .await
        .expect("an answer");
    assert_eq!(refusal(third).await, is(429, "TOOMANYREQUESTS"));
    for place in [one, two] {
        let cancelled = registry
            .ask(Method::DELETE, &place)
            .send()
            .await
            .expect("an answer");
        assert_eq!(cancelled.status(), 204);
    }
    assert_eq!(registry.count("."), 0, "nothing stays");
    registry.begin("a").await;

    let full = Registry::with(Limits {
        free_room: u64::MAX,
        ..limits
    })
    .await;
    let answer = full
        .ask(Method::POST, "/v2/a/blobs/uploads/")
        .send()
        .await
        .expect("an answer");
    assert_eq!(answer.status(), 507);
}

/// What came before the sender stopped is there still, and another can go on.
#[tokio::test]
async fn a_sender_that_stops() {
    let registry = Registry::start().await;
    let place = registry.begin("a").await;
    let password = base64::Engine::encode(
        &base64::prelude::BASE64_STANDARD,
        format!("{USER}:{PASSWORD}"),
    );
    let head = format!(
        "PATCH {place} HTTP/1.1\r\nhost: x\r\nauthorization: Basic {password}\r\ncontent-length: 100\r\n\r\nbegin"
    );
    let mut torn = tokio::net::TcpStream::connect(&registry.address)
        .await
        .expect("a connection");
    tokio::io::AsyncWriteExt::write_all(&mut torn, head.as_bytes())
        .await
        .expect("it is sent");
    drop(torn);
    while header(&registry.get(&place).await, "range") != "0-4" {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let digest = Digest::of(b"begin and end");
    let end = || {
        registry
            .ask(Method::PUT, &format!("{place}?digest={digest}"))
            .body(" and end")
    };
    let mut answer = end().send().await.expect("an answer");
    // The torn request may still hold the upload for a moment.
    while answer.status() == StatusCode::CONFLICT {
        answer = end().send().await.expect("an answer");
    }
    assert_eq!(answer.status(), 201);
}
