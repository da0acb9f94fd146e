//! Images that are fetched from other registries: from another Skep, and from one that means harm.

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

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use archives::{Image, digest};
use axum::{
    Router,
    body::Body,
    extract::{Path, State},
    http::{HeaderMap, StatusCode as Status, header},
    response::{IntoResponse, Response},
    routing::any,
};
use futures::stream;
use requests::{add, files, instance, poll, send, sensor};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use skep_model::user::Role;
use support::{Engine, TestApp};

on_both!(
    an_image_of_another_registry_becomes_a_service,
    a_registry_that_means_harm_gets_nowhere,
    what_is_private_is_not_asked,
);

async fn fetch(app: &TestApp, token: &str, form: Value) -> (StatusCode, Value) {
    let body = form.to_string().into_bytes();
    send(app, Method::POST, "/api/v1/fetches", token, body).await
}

/// How a fetch ended.
async fn ended(app: &TestApp, token: &str, begun: &Value) -> Value {
    let path = format!("/api/v1/fetches/{}", begun["id"].as_str().unwrap());
    for _ in 0..400 {
        let now = app.api_json(&path, token).await;
        if now["state"] != "fetching" {
            return now;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("it does not end");
}

async fn an_image_of_another_registry_becomes_a_service(engine: Engine) {
    let other = TestApp::start(Engine::Sqlite).await;
    let password = other.token(Role::Admin).await;
    let labels = json!({
        "skep.events": "json-lines", "skep.level": "low", "skep.ports": "2222/tcp:22 53/udp:53",
    });
    let image = |processor: &str| Image::labelled(processor, processor, &labels);
    let (amd64, arm64) = (image("amd64"), image("arm64"));
    let linux = |processor: &str| json!({ "os": "linux", "architecture": processor });
    let folder = tempfile::tempdir().unwrap();
    archives::layout(
        folder.path(),
        &[(&amd64, linux("amd64")), (&arm64, linux("arm64"))],
    );
    let at = other.url.replace("http://", "");
    let output = tokio::process::Command::new("skopeo")
        .args([
            "--insecure-policy",
            "copy",
            "--all",
            "--dest-tls-verify=false",
        ])
        .arg(format!("--dest-creds=anybody:{password}"))
        .arg(format!("oci:{}:latest", folder.path().display()))
        .arg(format!("docker://{at}/own/pot:3.1"))
        .output()
        .await
        .expect("skopeo; see scripts/setup.sh");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{said}");

    let app = TestApp::start(engine)
        .await
        .reaching(std::slice::from_ref(&other.url))
        .await;
    let admin = app.token(Role::Admin).await;
    let reference = format!("{at}/own/pot:3.1");
    let mut form = json!({ "reference": reference, "user": "anybody", "password": "wrong" });
    let (status, begun) = fetch(&app, &admin, form.clone()).await;
    assert_eq!(status, StatusCode::CREATED, "{begun}");
    let failed = ended(&app, &admin, &begun).await;
    assert_eq!(failed["state"], "failed");
    let reason = failed["reason"].as_str().unwrap();
    assert!(reason.contains("password"), "{reason}");

    form["password"] = password.as_str().into();
    let (_, begun) = fetch(&app, &admin, form.clone()).await;
    let done = ended(&app, &admin, &begun).await;
    assert_eq!(done["state"], "done", "{done}");
    assert_eq!(
        (&done["service"], &done["reference"]),
        (&json!("pot"), &json!(reference))
    );
    assert!(
        done["total"].as_u64().unwrap() > 0 && done["done"] == done["total"],
        "{done}"
    );
    let made = app.api_json("/api/v1/services/pot", &admin).await;
    assert_eq!(
        (&made["level"], &made["revisions"][0]["label"]),
        (&json!("low"), &json!("3.1"))
    );
    let images = made["revisions"][0]["images"].as_array().unwrap();
    assert_eq!(images.len(), 2, "{made}");
    let one = sensor(&app, "one", "aarch64").await;
    assert_eq!(add(&app, &admin, &one, "pot").await.0, StatusCode::OK);
    let told = poll(&app, &one, "aarch64", 1, true).await;
    let content = instance(&told, "pot")["image"]["manifest"]["image"].clone();
    let layers = content["layers"].as_array().unwrap();
    for blob in layers.iter().chain([&content["config"]]) {
        let wanted = blob["digest"].as_str().unwrap();
        let answer = one.get(&app, &format!("/sensor/v1/blobs/{wanted}")).await;
        assert_eq!(digest(&answer.bytes().await.unwrap()), wanted);
    }
    // Once more is the same; what was fetched is in the audit log, and no password.
    let (_, begun) = fetch(&app, &admin, form).await;
    assert_eq!(ended(&app, &admin, &begun).await["state"], "done");
    let log = app.api_json("/api/v1/audit?kind=service", &admin).await;
    assert!(log.to_string().contains(&reference), "{log}");
    assert!(!log.to_string().contains(&password));
    let path = format!("/api/v1/fetches/{}", begun["id"].as_str().unwrap());
    let (status, _) = send(&app, Method::DELETE, &path, &admin, vec![]).await;
    assert_eq!(status, StatusCode::NO_CONTENT);
    let left = app.api_json("/api/v1/fetches", &admin).await;
    assert_eq!(left["items"].as_array().unwrap().len(), 2);
}

/// A registry in which every repository is another kind of harm.
#[derive(Clone)]
struct Harm {
    image: Arc<Image>,
    /// Where nobody may be led.
    private: String,
}

impl Harm {
    async fn start(private: String) -> String {
        let labels = json!({ "skep.events": "json-lines" });
        let image = Arc::new(Image::labelled("amd64", "one", &labels));
        let routes = Router::new()
            .route("/v2/{*path}", any(Self::answer))
            .with_state(Self { image, private });
        serve(routes).await
    }

    fn manifest(&self, harm: &str) -> Value {
        let blob = |kind: &str, content: &[u8]| json!({ "mediaType": kind, "digest": digest(content), "size": content.len() });
        let layers = self.image.layers.iter();
        let mut manifest = json!({
            "schemaVersion": 2,
            "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "config": blob("application/vnd.oci.image.config.v1+json", &self.image.config),
            "layers": layers.map(|layer| blob("application/vnd.oci.image.layer.v1.tar", layer)).collect::<Vec<_>>(),
        });
        match harm {
            "huge" => manifest["layers"][0]["size"] = json!(1_u64 << 40),
            "long" => manifest["layers"][0]["size"] = json!(10),
            "swapped" => manifest["layers"].as_array_mut().unwrap().reverse(),
            _ => {}
        }
        manifest
    }

    #[allow(clippy::unused_async, reason = "it is a handler")]
    async fn answer(
        State(harm): State<Self>,
        Path(path): Path<String>,
        headers: HeaderMap,
    ) -> Response {
        let (kind, rest) = path.split_once('/').unwrap();
        let to = |place: String| (Status::TEMPORARY_REDIRECT, [(header::LOCATION, place)]);
        let endless = || {
            let piece = || Ok::<_, std::io::Error>(vec![b' '; 64 * 1024]);
            Body::from_stream(stream::repeat_with(piece))
        };
        if let Some(reference) = rest.strip_prefix("manifests/") {
            let bearer = |realm: &str| {
                let challenge = format!("Bearer realm=\"{realm}\",service=\"s\"");
                (
                    Status::UNAUTHORIZED,
                    [(header::WWW_AUTHENTICATE, challenge)],
                )
            };
            return match kind {
                "endless-manifest" => endless().into_response(),
                "to-private" => to(format!("{}/secret", harm.private)).into_response(),
                "to-metadata" => to("http://169.254.169.254/latest".to_owned()).into_response(),
                "to-file" => to("file:///etc/passwd".to_owned()).into_response(),
                "circle" => to(format!("/v2/circle/manifests/{reference}")).into_response(),
                "realm" => bearer(&format!("{}/token", harm.private)).into_response(),
                "no-realm" => bearer("").into_response(),
                "nothing" => Status::NOT_FOUND.into_response(),
                "garbage" => "{}".into_response(),
                _ => harm.manifest(kind).to_string().into_response(),
            };
        }
        let wanted = rest.strip_prefix("blobs/").unwrap();
        let config = wanted == digest(&harm.image.config);
        let mut content = harm.image.config.clone();
        for layer in &harm.image.layers {
            if digest(layer) == wanted {
                content.clone_from(layer);
            }
        }
        match kind {
            _ if config => content.into_response(),
            "other" => {
                content[0] ^= 1;
                content.into_response()
            }
            "short" => content[1..].to_vec().into_response(),
            "endless" => endless().into_response(),
            "blob-to-private" => {
                assert!(headers.get(header::AUTHORIZATION).is_none());
                to(format!("{}/secret", harm.private)).into_response()
            }
            _ => content.into_response(),
        }
    }
}

async fn serve(routes: Router) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, routes).await });
    url
}

/// A server that counts who asks it.
async fn counting() -> (String, Arc<AtomicUsize>) {
    let asked = Arc::new(AtomicUsize::new(0));
    let count = asked.clone();
    let routes = Router::new().fallback(any(move || {
        count.fetch_add(1, Ordering::SeqCst);
        async { r#"{"token":"secret"}"# }
    }));
    (serve(routes).await, asked)
}

async fn a_registry_that_means_harm_gets_nowhere(engine: Engine) {
    let (private, asked) = counting().await;
    let harm = Harm::start(private).await;
    let app = TestApp::start(engine)
        .await
        .reaching(std::slice::from_ref(&harm))
        .await;
    let admin = app.token(Role::Admin).await;
    let at = harm.replace("http://", "");
    // The registry is opened, and its folders are there.
    let right = json!({ "reference": format!("{at}/right:1.0") });
    let (_, begun) = fetch(&app, &admin, right).await;
    let done = ended(&app, &admin, &begun).await;
    assert_eq!(done["state"], "done", "{done}");
    let before = (
        app.count("SELECT COUNT(*) FROM service_revisions").await,
        files(&app.data().join("registry")),
    );
    for (kind, said) in [
        ("endless-manifest", "longer than 4194304 bytes"),
        ("garbage", "cannot be understood"),
        ("nothing", "no such image"),
        ("huge", "4194304 bytes"),
        ("long", "is longer than its manifest says"),
        (
            "swapped",
            "is not the one that the image's configuration names",
        ),
        ("other", "does not have its digest"),
        ("short", "is shorter than its manifest says"),
        ("endless", "is longer than its manifest says"),
        ("to-private", "--registry"),
        ("to-metadata", "--registry"),
        ("to-file", "--registry"),
        ("blob-to-private", "--registry"),
        ("circle", "from one address to the next"),
        ("realm", "--registry"),
        ("no-realm", "no address"),
    ] {
        let form = json!({
            "reference": format!("{at}/{kind}:1.0"), "user": "somebody", "password": "hunter2",
        });
        let (status, begun) = fetch(&app, &admin, form).await;
        assert_eq!(status, StatusCode::CREATED, "{kind}: {begun}");
        let failed = ended(&app, &admin, &begun).await;
        assert_eq!(failed["state"], "failed", "{kind}");
        let reason = failed["reason"].as_str().unwrap();
        assert!(
            reason.contains(said) && reason.len() < 600,
            "{kind}: {reason}"
        );
        let now = (
            app.count("SELECT COUNT(*) FROM service_revisions").await,
            files(&app.data().join("registry")),
        );
        assert_eq!(now, before, "{kind}");
    }
    assert_eq!(
        asked.load(Ordering::SeqCst),
        0,
        "nobody was led to what is private"
    );
    // A manifest that is asked for by its digest is that one.
    let form = json!({ "reference": format!("{at}/right@{}", digest(b"another")) });
    let (_, begun) = fetch(&app, &admin, form).await;
    let failed = ended(&app, &admin, &begun).await;
    let reason = failed["reason"].as_str().unwrap();
    assert!(reason.contains("the digest that was asked for"), "{reason}");
}

async fn what_is_private_is_not_asked(engine: Engine) {
    let (private, asked) = counting().await;
    let app = TestApp::start(engine).await;
    let admin = app.token(Role::Admin).await;
    let (_, port) = private.rsplit_once(':').unwrap();
    for host in [
        &format!("127.0.0.1:{port}"),
        &format!("localhost:{port}"),
        &format!("[::ffff:127.0.0.1]:{port}"),
        "10.0.0.1",
        "169.254.169.254",
    ] {
        let form = json!({ "reference": format!("{host}/a/b:1.0") });
        let (status, begun) = fetch(&app, &admin, form).await;
        assert_eq!(status, StatusCode::CREATED, "{host}: {begun}");
        let failed = ended(&app, &admin, &begun).await;
        let reason = failed["reason"].as_str().unwrap();
        assert!(reason.contains("--registry"), "{host}: {reason}");
    }
    assert_eq!(asked.load(Ordering::SeqCst), 0);
    for (form, said) in [
        (
            json!({ "reference": "http://ghcr.io/a/b" }),
            "the reference",
        ),
        (json!({ "reference": "" }), "the reference"),
        (
            json!({ "reference": "ghcr.io/a/ssh:1.0" }),
            "name: is taken",
        ),
    ] {
        let (status, refused) = fetch(&app, &admin, form.clone()).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{form}");
        assert!(
            refused["title"].as_str().unwrap().contains(said),
            "{refused}"
        );
    }
}
