//! A real store that speaks S3, with the feature `test-s3`. `SKEP_TEST_S3` says where one is that takes any key, such as
//! `moto_server`; the bucket `skep` must be there.

mod support;

use reqwest::Method;
use skep_registry::{Bucket, Digest, S3, Storage};
use support::{Registry, limits, name};

#[tokio::test]
async fn push_and_pull() {
    let endpoint = std::env::var("SKEP_TEST_S3").expect(
        "this test needs a store: set SKEP_TEST_S3 to its address, such as http://127.0.0.1:5000",
    );
    let _ = rustls::crypto::ring::default_provider().install_default();
    let store = S3 {
        endpoint: Some(endpoint),
        region: "us-east-1".to_owned(),
        bucket: Bucket {
            name: "skep".to_owned(),
            prefix: "images".to_owned(),
        },
        access_key: "key".to_owned(),
        secret_key: "secret".to_owned(),
    };
    assert!(!format!("{store:?}").contains("secret"));
    let folder = tempfile::TempDir::new().expect("a folder");
    let store = store.open().expect("a store");
    let storage = Storage::open_remote(folder.path(), store, limits()).expect("storage");
    let registry = Registry::serve(storage.into(), folder).await;

    // Long enough to go there in several parts.
    let layer = vec![7; 31_000_000];
    let (digest, _) = registry.push("a/b", "1.0", &layer).await;
    assert_eq!(
        registry
            .get(&format!("/v2/a/b/manifests/{digest}"))
            .await
            .status(),
        200
    );
    let tags = registry
        .get("/v2/a/b/tags/list")
        .await
        .text()
        .await
        .expect("text");
    assert_eq!(tags, r#"{"name":"a/b","tags":["1.0"]}"#);
    let path = format!("/v2/a/b/blobs/{}", Digest::of(&layer));
    assert!(
        registry.get(&path).await.bytes().await.expect("a blob") == layer,
        "as it was"
    );
    let part = registry.ask(Method::GET, &path).header("range", "bytes=-3");
    let part = part.send().await.expect("an answer").bytes().await;
    assert_eq!(part.expect("a part").len(), 3);
    registry.storage.collect().await.expect("a collection");
    registry
        .storage
        .delete_repository(&name("a/b"))
        .await
        .expect("it goes");
    assert_eq!(registry.get(&path).await.status(), 404);
    assert_eq!(registry.count("."), 0, "nothing stays here");
}
