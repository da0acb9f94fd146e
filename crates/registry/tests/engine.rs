//! A real engine pushes to the registry and pulls from it, and what it saves can be uploaded.

#![allow(clippy::expect_used, reason = "what fails here fails the test")]

mod support;

use std::{path::Path, process::Command};

use skep_registry::{Archive, ArchiveKind, Reference, Tag};
use support::{PASSWORD, READER, Registry, USER, gzip, metadata, name, tar};

/// The engine's own client, with a folder of its own for passwords.
struct Engine {
    folder: tempfile::TempDir,
}

impl Engine {
    fn new() -> Self {
        assert!(
            std::env::var_os("DOCKER_HOST").is_some(),
            "this test needs a container engine: run it with scripts/engine.sh, which sets DOCKER_HOST"
        );
        Self {
            folder: tempfile::TempDir::new().expect("a folder"),
        }
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Runs a command of the client's; says whether it succeeded, and what it said.
    async fn try_run(&self, arguments: &[&str]) -> (bool, String) {
        let mut command = Command::new("docker");
        command
            .env("DOCKER_CONFIG", self.path().join("config"))
            .env("DOCKER_BUILDKIT", "0")
            .args(arguments);
        let output = tokio::task::spawn_blocking(move || command.output())
            .await
            .expect("a thread")
            .expect("the program docker, see scripts/setup.sh");
        let said = [output.stdout, output.stderr].concat();
        (
            output.status.success(),
            String::from_utf8_lossy(&said).into_owned(),
        )
    }

    async fn run(&self, arguments: &[&str]) -> String {
        let (succeeded, said) = self.try_run(arguments).await;
        assert!(succeeded, "docker {arguments:?}: {said}");
        said
    }

    async fn log_in(&self, registry: &Registry, user: &str, password: &str) -> bool {
        let address = registry.address.as_str();
        self.try_run(&["login", "-u", user, "-p", password, address])
            .await
            .0
    }

    /// Makes an image of two layers, from nothing.
    async fn build(&self, tag: &str) {
        let context = self.path().join("context");
        std::fs::create_dir_all(&context).expect("a folder");
        let recipe =
            "FROM scratch\nCOPY one /one\nCOPY two /two\nEXPOSE 2222/tcp\nENTRYPOINT [\"/one\"]\n";
        for (file, content) in [("Dockerfile", recipe), ("one", "1"), ("two", "2")] {
            std::fs::write(context.join(file), content).expect("a file");
        }
        self.run(&["build", "-q", "-t", tag, &context.to_string_lossy()])
            .await;
    }

    /// The digest of an image's configuration.
    async fn id(&self, image: &str) -> String {
        self.run(&["image", "inspect", "--format", "{{.Id}}", image])
            .await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn push_and_pull() {
    let engine = Engine::new();
    let mut registry = Registry::start().await;
    let image = format!("{}/honeysens/pot:amd64-1.0", registry.address);
    engine.build(&image).await;
    let id = engine.id(&image).await;

    assert!(
        !engine.try_run(&["push", &image]).await.0,
        "nobody may push without a password"
    );
    assert!(!engine.log_in(&registry, USER, "wrong").await);
    assert!(engine.log_in(&registry, READER, PASSWORD).await);
    let (pushed, said) = engine.try_run(&["push", &image]).await;
    assert!(!pushed && said.contains("denied"), "{said}");
    assert_eq!(registry.count("objects"), 0, "nothing came in");

    assert!(engine.log_in(&registry, USER, PASSWORD).await);
    engine.run(&["push", &image]).await;
    let first = registry.pushed.recv().await.expect("it is told");
    let (repository, _, digest) = first.clone();
    let again = engine.run(&["push", &image]).await;
    assert!(again.contains("Layer already exists"), "{again}");
    assert_eq!(registry.pushed.recv().await.expect("it is told"), first);
    assert_eq!(repository, name("honeysens/pot"));
    let facts = registry
        .storage
        .image(&repository, &Reference::Digest(digest))
        .await
        .expect("an image");
    assert_eq!(
        (facts.architecture.as_str(), facts.os.as_str()),
        ("amd64", "linux")
    );
    assert_eq!(
        (facts.exposed_ports[0].number, facts.layers.len()),
        (2222, 2)
    );

    // Another name for the same layers: they are taken over.
    let other = format!("{}/other/name:1", registry.address);
    engine.run(&["tag", &image, &other]).await;
    let mounted = engine.run(&["push", &other]).await;
    assert!(mounted.contains("Mounted from honeysens/pot"), "{mounted}");

    engine.run(&["rmi", &image, &other]).await;
    assert!(engine.log_in(&registry, READER, PASSWORD).await);
    engine.run(&["pull", "-q", &image]).await;
    assert_eq!(engine.id(&image).await, id);
    let by_digest = format!("{}/honeysens/pot@{}", registry.address, digest);
    engine.run(&["pull", "-q", &by_digest]).await;
    engine.run(&["rmi", &image]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_it_saves_can_be_uploaded() {
    let engine = Engine::new();
    let registry = Registry::start().await;
    engine.build("honeysens/pot:amd64-1.0").await;
    let id = engine.id("honeysens/pot:amd64-1.0").await;
    let saved = engine.path().join("saved.tar");
    engine
        .run(&[
            "save",
            "-o",
            &saved.to_string_lossy(),
            "honeysens/pot:amd64-1.0",
        ])
        .await;
    engine.run(&["rmi", "honeysens/pot:amd64-1.0"]).await;
    let saved = std::fs::read(saved).expect("a file");
    assert!(engine.log_in(&registry, READER, PASSWORD).await);

    let service = gzip(&tar(&[
        ("metadata.xml", metadata("amd64").as_bytes()),
        ("service.tar", &saved),
    ]));
    for (tag, content) in [
        ("plain", saved.clone()),
        ("gzip", gzip(&saved)),
        ("service", service),
    ] {
        let archive = Archive::read(&registry.storage, std::io::Cursor::new(content)).await;
        let archive = archive.unwrap_or_else(|error| panic!("{tag}: {error}"));
        assert_eq!(archive.names, ["honeysens/pot:amd64-1.0"]);
        assert_eq!(
            matches!(archive.kind, ArchiveKind::HoneySens(_)),
            tag == "service"
        );
        assert_eq!(archive.image.entrypoint, ["/one"]);
        let to: Tag = tag.parse().expect("a tag");
        archive
            .import(&registry.storage, &name("up/loaded"), &to)
            .await
            .expect("it is taken in");
        let image = format!("{}/up/loaded:{tag}", registry.address);
        engine.run(&["pull", "-q", &image]).await;
        assert_eq!(engine.id(&image).await, id, "{tag}");
        engine.run(&["rmi", &image]).await;
    }
}
