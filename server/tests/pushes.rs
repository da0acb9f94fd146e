//! Images that become services by being pushed: with a real engine, and with `skopeo`.

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

use std::path::Path;

use archives::Image;
use requests::{add, deploy, edit, files, instance, poll, remove, sensor};
use reqwest::StatusCode;
use serde_json::{Value, json};
use skep_model::user::Role;
use support::{Engine, TestApp};

on_both!(
    a_push_becomes_a_revision,
    a_push_that_cannot_be_a_service_says_why,
    an_index_is_one_revision,
);

/// The engine's client, logged in with a token.
struct Docker {
    folder: tempfile::TempDir,
    registry: String,
}

impl Docker {
    async fn log_in(app: &TestApp, token: &str) -> Self {
        assert!(
            std::env::var_os("DOCKER_HOST").is_some(),
            "this test needs a container engine: run it with scripts/engine.sh, which sets DOCKER_HOST"
        );
        let docker = Self {
            folder: tempfile::tempdir().unwrap(),
            registry: app.url.replace("http://", ""),
        };
        let login = ["login", "-u", "token", "-p", token, &docker.registry];
        docker.run(&login).await;
        docker
    }

    async fn try_run(&self, arguments: &[&str]) -> (bool, String) {
        let output = tokio::process::Command::new("docker")
            .env("DOCKER_CONFIG", self.folder.path().join("config"))
            .env("DOCKER_BUILDKIT", "0")
            .args(arguments)
            .output()
            .await
            .expect("docker; see scripts/setup.sh");
        let said = [output.stdout, output.stderr].concat();
        (
            output.status.success(),
            String::from_utf8_lossy(&said).into_owned(),
        )
    }

    async fn run(&self, arguments: &[&str]) -> String {
        let (done, said) = self.try_run(arguments).await;
        assert!(done, "docker {arguments:?}: {said}");
        said
    }

    /// Makes an image by a recipe, and pushes it.
    async fn push(&self, name: &str, recipe: &str) -> (bool, String) {
        let context = self.folder.path().join("context");
        std::fs::create_dir_all(&context).unwrap();
        std::fs::write(context.join("Dockerfile"), recipe).unwrap();
        std::fs::write(context.join("pot"), "not a program").unwrap();
        let image = format!("{}/{name}", self.registry);
        self.run(&["build", "-q", "-t", &image, &context.to_string_lossy()])
            .await;
        self.try_run(&["push", &image]).await
    }
}

/// An image that differs by a word.
fn recipe(word: &str) -> String {
    format!(
        r#"FROM scratch
COPY pot /{word}
EXPOSE 2222/tcp 2223/tcp
LABEL skep.events=cowrie skep.level=high skep.ports="2222/tcp:22 2223/tcp:23"
LABEL skep.description="A shell" skep.limits.memory=100000000
ENTRYPOINT ["/pot"]
"#
    )
}

async fn service(app: &TestApp, token: &str, name: &str) -> Value {
    app.api_json(&format!("/api/v1/services/{name}"), token)
        .await
}

async fn a_push_becomes_a_revision(engine: Engine) {
    let app = TestApp::start(engine).await;
    let admin = app.token(Role::Admin).await;
    let docker = Docker::log_in(&app, &admin).await;
    let (pushed, said) = docker.push("pot:1.0", &recipe("one")).await;
    assert!(pushed, "{said}");
    let made = service(&app, &admin, "pot").await;
    assert_eq!(
        (&made["description"], &made["level"], &made["revision"]),
        (&json!("A shell"), &json!("high"), &json!(1))
    );
    assert_eq!(made["revisions"][0]["label"], "1.0");
    assert_eq!(
        made["revisions"][0]["ports"],
        json!([{ "number": 22, "transport": "tcp" }, { "number": 23, "transport": "tcp" }])
    );

    // A sensor runs it: with what the labels say, and with every blob there.
    let architecture = made["revisions"][0]["images"][0]["architecture"].clone();
    let architecture = architecture.as_str().unwrap();
    let one = sensor(&app, "one", architecture).await;
    assert_eq!(add(&app, &admin, &one, "pot").await.0, StatusCode::OK);
    let told = poll(&app, &one, architecture, 1, true).await;
    let told = instance(&told, "pot");
    let manifest = &told["image"]["manifest"];
    assert_eq!(manifest["events"]["adapter"], "cowrie");
    assert_eq!(manifest["limits"]["memory"], 100_000_000);
    let content = &manifest["image"];
    let layers = content["layers"].as_array().unwrap();
    for blob in layers.iter().chain([&content["config"]]) {
        let path = format!("/sensor/v1/blobs/{}", blob["digest"].as_str().unwrap());
        let answer = one.get(&app, &path).await;
        assert_eq!(answer.status(), StatusCode::OK);
        let length = answer.bytes().await.unwrap().len();
        assert_eq!(json!(length), blob["size"]);
    }

    // The same again changes nothing; another image is refused while a sensor runs this one.
    let before = service(&app, &admin, "pot").await;
    let image = format!("{}/pot:1.0", docker.registry);
    docker.run(&["push", &image]).await;
    assert_eq!(service(&app, &admin, "pot").await, before);
    let (pushed, said) = docker.push("pot:1.0", &recipe("two")).await;
    assert!(
        !pushed && said.contains("sensors run another image"),
        "{said}"
    );
    assert_eq!(service(&app, &admin, "pot").await, before);

    // Under another tag it is taken; when sensors run that, the first tag is free again.
    let (pushed, said) = docker.push("pot:1.1", &recipe("two")).await;
    assert!(pushed, "{said}");
    let (status, _) = edit(&app, &admin, "pot", json!({ "revision": 2 })).await;
    assert_eq!(status, StatusCode::OK);
    let (pushed, said) = docker.push("pot:1.0", &recipe("three")).await;
    assert!(pushed, "{said}");
    let now = service(&app, &admin, "pot").await;
    assert_eq!(now["revision"], 2);
    let revisions = now["revisions"].as_array().unwrap();
    let shown: Vec<_> = revisions
        .iter()
        .map(|revision| (revision["number"].clone(), revision["label"].clone()))
        .collect();
    assert_eq!(shown, [(json!(2), json!("1.1")), (json!(3), json!("1.0"))]);
    let manifests = app
        .data()
        .join("registry/objects/repositories/services/pot/_manifests");
    assert_eq!(files(&manifests), 2, "the image that was replaced is gone");

    // What is pushed can be pulled, and is that revision.
    docker.run(&["rmi", "-f", &image]).await;
    docker.run(&["pull", "-q", &image]).await;
    let digests = docker
        .run(&["image", "inspect", "-f", "{{.RepoDigests}}", &image])
        .await;
    let digest = revisions[1]["images"][0]["digest"].as_str().unwrap();
    assert!(digests.contains(digest), "{digests} {digest}");
    assert_eq!(
        remove(&app, &admin, "pot/revisions/3").await.0,
        StatusCode::NO_CONTENT
    );
    assert!(!docker.try_run(&["pull", "-q", &image]).await.0);

    // A service that no sensor runs takes even its only tag anew.
    let removal = json!([{ "change": "remove", "sensor": one.id, "instance": told["id"] }]);
    assert_eq!(deploy(&app, &admin, removal).await.0, StatusCode::OK);
    let (pushed, said) = docker.push("pot:1.1", &recipe("four")).await;
    assert!(pushed, "{said}");
    let now = service(&app, &admin, "pot").await;
    assert_eq!(
        (&now["revision"], &now["revisions"][0]["number"]),
        (&json!(4), &json!(4))
    );
    let log = app
        .api_json("/api/v1/audit?kind=service&object=pot", &admin)
        .await;
    let newest = &log["items"][0];
    assert_eq!(newest["action"], "push", "{log}");
    assert_eq!(newest["address"], "127.0.0.1", "{log}");
}

async fn a_push_that_cannot_be_a_service_says_why(engine: Engine) {
    let app = TestApp::start(engine).await;
    let admin = app.token(Role::Admin).await;
    let docker = Docker::log_in(&app, &admin).await;
    let long = "x".repeat(65);
    for (name, recipe, said) in [
        ("ssh:1.0", recipe("one"), "a service that every sensor has"),
        ("my_pot:1.0", recipe("one"), "no name of a service"),
        (&format!("pot:{long}"), recipe("one"), "1 to 64 characters"),
        (
            "pot:1.0",
            "FROM scratch\nCOPY pot /pot\nLABEL skep.events=cowrie\n".to_owned(),
            "exposes no ports",
        ),
        (
            "pot:1.0",
            "FROM scratch\nCOPY pot /pot\nEXPOSE 22\n".to_owned(),
            "the label skep.events",
        ),
        (
            "pot:1.0",
            format!("{}LABEL skep.prots=22\n", recipe("one")),
            "no label skep.prots",
        ),
        (
            "pot:1.0",
            format!("{}LABEL skep.level=root\n", recipe("one")),
            "low, medium or high",
        ),
    ] {
        let (pushed, told) = docker.push(name, &recipe).await;
        assert!(!pushed && told.contains(said), "{name} {said}: {told}");
    }
    let listed = app.api_json("/api/v1/services", &admin).await;
    let names = listed["items"].as_array().unwrap().iter();
    assert!(
        !names
            .map(|one| one["name"].clone())
            .any(|name| name == "pot"),
        "nothing of it became a service"
    );
    assert_eq!(app.count("SELECT COUNT(*) FROM service_revisions").await, 0);
    // What has a slash is kept, and no service.
    let (pushed, said) = docker.push("own/pot:1.0", &recipe("one")).await;
    assert!(pushed, "{said}");
    assert_eq!(app.count("SELECT COUNT(*) FROM service_revisions").await, 0);
}

async fn skopeo(arguments: &[&str], token: &str) -> (bool, String) {
    let output = tokio::process::Command::new("skopeo")
        .args(["--insecure-policy", "copy", "--dest-tls-verify=false"])
        .arg(format!("--dest-creds=anybody:{token}"))
        .args(arguments)
        .output()
        .await
        .expect("skopeo; see scripts/setup.sh");
    (
        output.status.success(),
        String::from_utf8_lossy(&output.stderr).into_owned(),
    )
}

fn layout(folder: &Path, images: &[(&Image, Value)]) -> String {
    archives::layout(folder, images);
    format!("oci:{}:latest", folder.display())
}

async fn an_index_is_one_revision(engine: Engine) {
    let app = TestApp::start(engine).await;
    let admin = app.token(Role::Admin).await;
    let labels = json!({ "skep.events": "json-lines", "skep.ports": "2222/tcp:22 53/udp:53" });
    let image = |processor: &str| Image::labelled(processor, processor, &labels);
    let (amd64, arm64, s390x) = (image("amd64"), image("arm64"), image("s390x"));
    let linux = |processor: &str| json!({ "os": "linux", "architecture": processor });
    let folder = tempfile::tempdir().unwrap();
    let from = layout(
        &folder.path().join("several"),
        &[
            (&amd64, linux("amd64")),
            (&arm64, linux("arm64")),
            (&s390x, linux("s390x")),
        ],
    );
    let at = app.url.replace("http://", "docker://");
    let to = format!("{at}/pot:2.0");
    let (done, said) = skopeo(&["--all", &from, &to], &admin).await;
    assert!(done, "{said}");
    let made = service(&app, &admin, "pot").await;
    let revisions = made["revisions"].as_array().unwrap();
    assert_eq!((revisions.len(), &made["level"]), (1, &json!("medium")));
    let images = revisions[0]["images"].as_array().unwrap();
    let processors: Vec<_> = images.iter().map(|image| &image["architecture"]).collect();
    assert_eq!(processors, ["aarch64", "x86_64"]);
    for (name, processor) in [("one", "x86_64"), ("two", "aarch64")] {
        let sensor = sensor(&app, name, processor).await;
        let (status, done) = add(&app, &admin, &sensor, "pot").await;
        assert_eq!(status, StatusCode::OK, "{done}");
        let told = poll(&app, &sensor, processor, 1, true).await;
        let image = &instance(&told, "pot")["image"]["manifest"]["image"];
        assert_eq!(image["architecture"], processor);
        let config = image["config"]["digest"].as_str().unwrap();
        let answer = sensor
            .get(&app, &format!("/sensor/v1/blobs/{config}"))
            .await;
        assert_eq!(answer.status(), StatusCode::OK);
    }
    let used = service(&app, &admin, "pot").await["revisions"].clone();
    assert_eq!(used[0]["instances"], 2);
    // One whose images do not fit together is no revision, and one without an image for a sensor neither.
    let mut other = image("arm64");
    let config = String::from_utf8(other.config).unwrap();
    other.config = config.replace("2222/tcp:22", "2222/tcp:23").into_bytes();
    for (name, images, said) in [
        (
            "ports",
            vec![(&amd64, linux("amd64")), (&other, linux("arm64"))],
            "different ports",
        ),
        (
            "none",
            vec![(&s390x, linux("s390x"))],
            "no image that a sensor can run",
        ),
    ] {
        let from = layout(&folder.path().join(name), &images);
        let to = format!("{at}/pot:{name}");
        let (done, told) = skopeo(&["--all", &from, &to], &admin).await;
        assert!(!done && told.contains(said), "{name}: {told}");
    }
    assert_eq!(service(&app, &admin, "pot").await["revisions"], used);
}
