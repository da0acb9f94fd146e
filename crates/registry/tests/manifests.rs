//! Manifests, tags, and what is about a manifest.

mod support;

use reqwest::Method;
use serde_json::{Value, json};
use skep_registry::{Digest, MediaType};
use support::{
    Registry,
    client::{header, is, refusal},
    name,
};

#[tokio::test]
async fn manifests_and_tags() {
    let mut registry = Registry::start().await;
    let (digest, manifest) = registry.push("a", "1.0", b"layer").await;
    let pushed = registry.pushed.recv().await.expect("it is told");
    assert_eq!(pushed, (name("a"), "1.0".parse().expect("a tag"), digest));

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
}

#[tokio::test]
async fn what_is_not_received_is_not_tagged() {
    let mut registry = Registry::start().await;
    let manifest = registry.image("short", b"layer").await;
    let answer = registry.put_manifest("short", "refused", &manifest).await;
    let said: Value = {
        assert_eq!(answer.status(), 403);
        answer.json().await.expect("the specification's form")
    };
    assert_eq!(said["errors"][0]["code"], "DENIED");
    assert_eq!(said["errors"][0]["message"], "not this one");
    let answer = registry.get("/v2/short/manifests/refused").await;
    assert_eq!(refusal(answer).await, is(404, "MANIFEST_UNKNOWN"));

    let answer = registry.put_manifest("short", "doubtful", &manifest).await;
    assert_eq!(answer.status(), 201);
    assert_eq!(header(&answer, "warning"), "299 - \"look at it again\"");
    assert!(registry.pushed.try_recv().is_err());
    // The same repository by its whole name, with blobs that were uploaded under the short one.
    let answer = registry.put_manifest("much/longer", "1.0", &manifest).await;
    assert_eq!(answer.status(), 201);
    let (repository, ..) = registry.pushed.recv().await.expect("it is told");
    assert_eq!(repository, name("much/longer"));
    let answer = registry.get("/v2/short/manifests/1.0").await;
    assert_eq!(answer.status(), 200);
}

#[tokio::test]
async fn tags() {
    let registry = Registry::start().await;
    registry.push("a", "z", b"another").await;
    let (digest, manifest) = registry.push("a", "1.0", b"layer").await;
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
            json!(["z"])
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
        json!(["z"]),
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
