//! The registry's addresses, as the distribution specification describes them.

mod support;

use std::time::{Duration, SystemTime};

use reqwest::{Client, Method, RequestBuilder, Response, StatusCode};
use serde_json::{Value, json};
use skep_registry::{Collected, Digest, Limits, MediaType};
use support::{PASSWORD, READER, Registry, USER, limits, name};

impl Registry {
    fn ask(&self, method: Method, path: &str) -> RequestBuilder {
        Client::new()
            .request(method, self.at(path))
            .basic_auth(USER, Some(PASSWORD))
    }

    async fn get(&self, path: &str) -> Response {
        self.ask(Method::GET, path).send().await.expect("an answer")
    }

    /// Begins an upload, and gives its address.
    async fn begin(&self, repository: &str) -> String {
        let begun = self.ask(Method::POST, &format!("/v2/{repository}/blobs/uploads/"));
        let begun = begun.send().await.expect("an answer");
        assert_eq!(begun.status(), StatusCode::ACCEPTED);
        header(&begun, "location")
    }

    async fn upload(&self, repository: &str, content: &[u8]) -> Digest {
        let digest = Digest::of(content);
        let path = format!("/v2/{repository}/blobs/uploads/?digest={digest}");
        let answer = self.ask(Method::POST, &path).body(content.to_vec());
        let answer = answer.send().await.expect("an answer");
        assert_eq!(answer.status(), StatusCode::CREATED);
        digest
    }

    async fn put_manifest(&self, repository: &str, reference: &str, manifest: &Value) -> Response {
        let path = format!("/v2/{repository}/manifests/{reference}");
        let request = self.ask(Method::PUT, &path);
        let kind = manifest["mediaType"].as_str().expect("a type");
        let request = request
            .header("content-type", kind)
            .body(manifest.to_string());
        request.send().await.expect("an answer")
    }

    /// Pushes an image whose one layer is this.
    async fn push(&self, repository: &str, tag: &str, layer: &[u8]) -> (Digest, Value) {
        let manifest = self.image(repository, layer).await;
        let answer = self.put_manifest(repository, tag, &manifest).await;
        assert_eq!(answer.status(), StatusCode::CREATED);
        let digest = header(&answer, "docker-content-digest")
            .parse()
            .expect("a digest");
        (digest, manifest)
    }

    async fn image(&self, repository: &str, layer: &[u8]) -> Value {
        let config = b"{}";
        let (one, two) = (
            self.upload(repository, config).await,
            self.upload(repository, layer).await,
        );
        json!({
            "schemaVersion": 2,
            "mediaType": MediaType::Image.as_str(),
            "config": {"mediaType": "application/vnd.oci.image.config.v1+json", "digest": one, "size": config.len()},
            "layers": [{"mediaType": "application/vnd.oci.image.layer.v1.tar", "digest": two, "size": layer.len()}],
        })
    }

    /// Lets everything in the registry be so much older.
    fn age(&self, by: Duration) {
        fn all(folder: &std::path::Path, to: SystemTime) {
            for entry in std::fs::read_dir(folder).expect("a folder") {
                let path = entry.expect("an entry").path();
                if path.is_dir() {
                    all(&path, to);
                } else {
                    let file = std::fs::File::options()
                        .write(true)
                        .open(path)
                        .expect("a file");
                    file.set_modified(to).expect("a time");
                }
            }
        }
        all(&self.folder.path().join("objects"), SystemTime::now() - by);
    }
}

fn header(response: &Response, name: &str) -> String {
    let value = response
        .headers()
        .get(name)
        .unwrap_or_else(|| panic!("no {name}: {response:?}"));
    value.to_str().expect("text").to_owned()
}

/// Status and code of a refusal.
async fn refusal(response: Response) -> (u16, String) {
    let status = response.status().as_u16();
    let content: Value = response.json().await.expect("the specification's form");
    let error = &content["errors"][0];
    assert!(
        error["message"]
            .as_str()
            .is_some_and(|message| !message.is_empty()),
        "{content}"
    );
    (status, error["code"].as_str().expect("a code").to_owned())
}

fn is(status: u16, code: &str) -> (u16, String) {
    (status, code.to_owned())
}

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

#[tokio::test]
async fn manifests_and_tags() {
    let mut registry = Registry::start().await;
    let (digest, manifest) = registry.push("a", "1.0", b"layer").await;
    let pushed = registry.pushed.recv().await.expect("it is told");
    assert_eq!(
        (pushed.repository, pushed.tag.as_str(), pushed.digest),
        (name("a"), "1.0", digest)
    );

    for reference in ["1.0".to_owned(), digest.to_string()] {
        let answer = registry.get(&format!("/v2/a/manifests/{reference}")).await;
        assert_eq!(header(&answer, "content-type"), MediaType::Image.as_str());
        assert_eq!(header(&answer, "docker-content-digest"), digest.to_string());
        assert_eq!(
            answer.text().await.expect("text"),
            manifest.to_string(),
            "byte by byte"
        );
    }
    let mut lacking = manifest.clone();
    lacking["layers"][0]["digest"] = json!(Digest::of(b"missing"));
    let answer = registry.put_manifest("a", "bad", &lacking).await;
    assert_eq!(refusal(answer).await, is(400, "MANIFEST_BLOB_UNKNOWN"));
    let answer = registry.put_manifest("b", "bad", &manifest).await;
    assert_eq!(
        refusal(answer).await,
        is(400, "MANIFEST_BLOB_UNKNOWN"),
        "the blobs are another's"
    );
    let mut longer = manifest.clone();
    longer["layers"][0]["size"] = 1.into();
    let answer = registry.put_manifest("a", "bad", &longer).await;
    assert_eq!(refusal(answer).await, is(400, "MANIFEST_INVALID"));
    let answer = registry
        .put_manifest("a", &Digest::of(b"x").to_string(), &manifest)
        .await;
    assert_eq!(refusal(answer).await, is(400, "DIGEST_INVALID"));
    let huge = json!({"mediaType": MediaType::Image.as_str(), "x": " ".repeat(4 * 1024 * 1024)});
    let answer = registry.put_manifest("a", "bad", &huge).await;
    assert_eq!(refusal(answer).await, is(413, "SIZE_INVALID"));

    let index = |digest: Digest| {
        json!({
            "schemaVersion": 2,
            "mediaType": MediaType::Index.as_str(),
            "manifests": [{"mediaType": MediaType::Image.as_str(), "digest": digest, "size": manifest.to_string().len()}],
        })
    };
    assert_eq!(
        registry
            .put_manifest("a", "many", &index(digest))
            .await
            .status(),
        201
    );
    let answer = registry
        .put_manifest("a", "bad", &index(Digest::of(b"x")))
        .await;
    assert_eq!(refusal(answer).await, is(400, "MANIFEST_BLOB_UNKNOWN"));

    for tag in ["0.9", "2.0", "latest"] {
        assert_eq!(
            registry.put_manifest("a", tag, &manifest).await.status(),
            201
        );
    }
    let mut found = vec![];
    let mut next = "/v2/a/tags/list?n=2".to_owned();
    loop {
        let answer = registry.get(&next).await;
        let link = answer
            .headers()
            .get("link")
            .map(|link| link.to_str().expect("text").to_owned());
        let content: Value = answer.json().await.expect("JSON");
        assert_eq!(content["name"], "a");
        found.push(content["tags"].clone());
        let Some(link) = link else { break };
        let (address, relation) = link.split_once('>').expect("a link");
        assert_eq!(relation, "; rel=\"next\"");
        next = address[1..].to_owned();
    }
    assert_eq!(
        found,
        [
            json!(["0.9", "1.0"]),
            json!(["2.0", "latest"]),
            json!(["many"])
        ]
    );
    let none: Value = registry
        .get("/v2/a/tags/list?n=0")
        .await
        .json()
        .await
        .expect("JSON");
    assert_eq!(none["tags"], json!([]));

    let delete = |reference: String| {
        registry
            .ask(Method::DELETE, &format!("/v2/a/manifests/{reference}"))
            .send()
    };
    assert_eq!(
        delete("0.9".to_owned()).await.expect("an answer").status(),
        202
    );
    assert_eq!(registry.get("/v2/a/manifests/0.9").await.status(), 404);
    assert_eq!(registry.get("/v2/a/manifests/1.0").await.status(), 200);
    assert_eq!(
        delete(digest.to_string())
            .await
            .expect("an answer")
            .status(),
        202
    );
    let left: Value = registry
        .get("/v2/a/tags/list")
        .await
        .json()
        .await
        .expect("JSON");
    assert_eq!(
        left["tags"],
        json!(["many"]),
        "tags go with what they stand for"
    );
}

#[tokio::test]
async fn what_is_about_a_manifest() {
    let registry = Registry::start().await;
    let (subject, _) = registry.push("a", "1.0", b"layer").await;
    let mut signature = registry.image("a", b"signature").await;
    signature["subject"] =
        json!({"mediaType": MediaType::Image.as_str(), "digest": subject, "size": 1});
    signature["artifactType"] = "application/x.signature".into();
    signature["annotations"] = json!({"by": "somebody"});
    let digest = Digest::of(signature.to_string().as_bytes());
    let answer = registry
        .put_manifest("a", &digest.to_string(), &signature)
        .await;
    assert_eq!(header(&answer, "oci-subject"), subject.to_string());

    let listed = |query: &str| {
        registry
            .ask(Method::GET, &format!("/v2/a/referrers/{subject}{query}"))
            .send()
    };
    let answer = listed("").await.expect("an answer");
    assert_eq!(header(&answer, "content-type"), MediaType::Index.as_str());
    let content: Value = answer.json().await.expect("JSON");
    let described = json!({
        "mediaType": MediaType::Image.as_str(),
        "digest": digest,
        "size": signature.to_string().len(),
        "artifactType": "application/x.signature",
        "annotations": {"by": "somebody"},
    });
    assert_eq!(content["manifests"], json!([described]));
    let answer = listed("?artifactType=other").await.expect("an answer");
    assert_eq!(header(&answer, "oci-filters-applied"), "artifactType");
    assert_eq!(
        answer.json::<Value>().await.expect("JSON")["manifests"],
        json!([])
    );
    registry
        .ask(Method::DELETE, &format!("/v2/a/manifests/{digest}"))
        .send()
        .await
        .expect("an answer");
    let content: Value = listed("")
        .await
        .expect("an answer")
        .json()
        .await
        .expect("JSON");
    assert_eq!(content["manifests"], json!([]));
}

#[tokio::test]
async fn garbage() {
    let registry = Registry::start().await;
    let long = limits().grace * 2;
    let (kept, _) = registry.push("a", "1.0", b"kept").await;
    let (removed, _) = registry.push("a", "2.0", b"removed").await;
    registry.push("b", "1.0", b"kept").await;
    registry
        .ask(Method::DELETE, &format!("/v2/a/manifests/{removed}"))
        .send()
        .await
        .expect("an answer");
    let forgotten = registry.upload("a", b"forgotten").await;
    let asked_for = registry.upload("a", b"asked for").await;
    let repeated = registry.upload("a", b"repeated").await;
    assert_eq!(
        registry.storage.collect().await.expect("a collection"),
        Collected::default(),
        "all is young"
    );

    registry.age(long);
    // Pushes in progress: one asks for a blob, one uploads it again, one has a new one, one sends a manifest at once.
    let head = registry.ask(Method::HEAD, &format!("/v2/a/blobs/{asked_for}"));
    assert_eq!(head.send().await.expect("an answer").status(), 200);
    registry.upload("a", b"repeated").await;
    let new = registry.upload("a", b"new").await;
    let collected = registry.storage.collect().await.expect("a collection");
    let gone = b"removed".len() + b"forgotten".len();
    assert_eq!(
        collected,
        Collected {
            blobs: 2,
            bytes: gone as u64,
            uploads: 0
        }
    );
    for (digest, status) in [
        (Digest::of(b"kept"), 200),
        (asked_for, 200),
        (repeated, 200),
        (new, 200),
        (forgotten, 404),
        (Digest::of(b"removed"), 404),
    ] {
        assert_eq!(
            registry
                .get(&format!("/v2/a/blobs/{digest}"))
                .await
                .status(),
            status
        );
    }
    assert_eq!(
        registry
            .get(&format!("/v2/a/manifests/{kept}"))
            .await
            .status(),
        200
    );

    // What two repositories share stays with the one that is left.
    registry
        .storage
        .delete_repository(&name("a"))
        .await
        .expect("it goes");
    registry.age(long);
    registry.storage.collect().await.expect("a collection");
    assert_eq!(registry.get("/v2/a/tags/list").await.status(), 404);
    assert_eq!(
        registry
            .get(&format!("/v2/b/blobs/{}", Digest::of(b"kept")))
            .await
            .status(),
        200
    );
    registry
        .storage
        .delete_repository(&name("b"))
        .await
        .expect("it goes");
    registry.age(long);
    registry.storage.collect().await.expect("a collection");
    assert_eq!(registry.count("."), 0, "nothing is left");
}

/// Pushes and collections at the same time, with a grace that is hardly longer than a push.
#[tokio::test(flavor = "multi_thread")]
async fn garbage_while_pushing() {
    let limits = Limits {
        grace: Duration::from_secs(2),
        ..limits()
    };
    let mut registry = Registry::with(limits).await;
    let storage = registry.storage.clone();
    let collector = tokio::spawn(async move {
        loop {
            storage.collect().await.expect("a collection");
        }
    });
    let mut pushed = vec![];
    for round in 0..40_u8 {
        let tag = format!("{}", round % 4);
        let layer = vec![round % 8; 1000];
        pushed.push(registry.push("a", &tag, &layer).await);
        registry.pushed.recv().await.expect("it is told");
        if round % 3 == 0 {
            let (digest, _) = pushed.remove(0);
            registry
                .ask(Method::DELETE, &format!("/v2/a/manifests/{digest}"))
                .send()
                .await
                .expect("an answer");
        }
    }
    tokio::time::sleep(limits.grace).await;
    collector.abort();
    for tag in 0..4 {
        let answer = registry.get(&format!("/v2/a/manifests/{tag}")).await;
        if answer.status() == 404 {
            continue;
        }
        let manifest: Value = answer.json().await.expect("JSON");
        let layer = manifest["layers"][0]["digest"].as_str().expect("a digest");
        assert_eq!(
            registry.get(&format!("/v2/a/blobs/{layer}")).await.status(),
            200,
            "{tag}"
        );
    }
}

/// What a program left that was killed goes when the next one starts.
#[tokio::test]
async fn after_a_crash() {
    let registry = Registry::start().await;
    registry.push("a", "1.0", b"layer").await;
    let left = registry.folder.path().join("uploads/left");
    std::fs::write(&left, "half of something").expect("a file");
    let again = skep_registry::Storage::open(registry.folder.path(), limits()).expect("storage");
    assert!(!left.exists());
    let reference = "1.0".parse().expect("a tag");
    again
        .manifest(&name("a"), &reference)
        .await
        .expect("it is there still");
}

/// A store elsewhere: the same, without a folder to move files into.
#[tokio::test]
async fn in_a_store_elsewhere() {
    use skep_registry::object_store::memory::InMemory;
    let folder = tempfile::TempDir::new().expect("a folder");
    let store = std::sync::Arc::new(InMemory::new());
    let storage =
        skep_registry::Storage::open_remote(folder.path(), store, limits()).expect("storage");
    let registry = Registry::serve(storage.into(), folder).await;
    let layer = vec![7; 11_000_000];
    let (digest, _) = registry.push("a", "1.0", &layer).await;
    assert_eq!(
        registry
            .get(&format!("/v2/a/manifests/{digest}"))
            .await
            .status(),
        200
    );
    let path = format!("/v2/a/blobs/{}", Digest::of(&layer));
    let back = registry.get(&path).await.bytes().await.expect("a blob");
    assert!(back == layer, "as it was");
    let part = registry
        .ask(Method::GET, &path)
        .header("range", "bytes=-3")
        .send()
        .await;
    assert_eq!(
        part.expect("an answer")
            .bytes()
            .await
            .expect("a part")
            .len(),
        3
    );
    registry
        .storage
        .delete_repository(&name("a"))
        .await
        .expect("it goes");
    assert_eq!(registry.get(&path).await.status(), 404);
    assert_eq!(registry.count("."), 0, "nothing stays here");
}
