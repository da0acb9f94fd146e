//! What stays and what goes: garbage, crashes, and a store elsewhere.

mod support;

use std::time::Duration;

use reqwest::Method;
use serde_json::Value;
use skep_registry::{Collected, Digest, Limits};
use support::{Registry, limits, name};

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
