//! Asking a registry, as somebody who may.

use std::time::{Duration, SystemTime};

use reqwest::{Client, Method, RequestBuilder, Response, StatusCode};
use serde_json::{Value, json};
use skep_registry::{Digest, MediaType};

use super::{PASSWORD, Registry, USER};

impl Registry {
    pub fn ask(&self, method: Method, path: &str) -> RequestBuilder {
        Client::new()
            .request(method, self.at(path))
            .basic_auth(USER, Some(PASSWORD))
    }

    pub async fn get(&self, path: &str) -> Response {
        self.ask(Method::GET, path).send().await.expect("an answer")
    }

    /// Begins an upload, and gives its address.
    pub async fn begin(&self, repository: &str) -> String {
        let begun = self.ask(Method::POST, &format!("/v2/{repository}/blobs/uploads/"));
        let begun = begun.send().await.expect("an answer");
        assert_eq!(begun.status(), StatusCode::ACCEPTED);
        header(&begun, "location")
    }

    pub async fn upload(&self, repository: &str, content: &[u8]) -> Digest {
        let digest = Digest::of(content);
        let path = format!("/v2/{repository}/blobs/uploads/?digest={digest}");
        let answer = self.ask(Method::POST, &path).body(content.to_vec());
        let answer = answer.send().await.expect("an answer");
        assert_eq!(answer.status(), StatusCode::CREATED);
        digest
    }

    pub async fn put_manifest(
        &self,
        repository: &str,
        reference: &str,
        manifest: &Value,
    ) -> Response {
        let path = format!("/v2/{repository}/manifests/{reference}");
        let request = self.ask(Method::PUT, &path);
        let kind = manifest["mediaType"].as_str().expect("a type");
        let request = request
            .header("content-type", kind)
            .body(manifest.to_string());
        request.send().await.expect("an answer")
    }

    /// Pushes an image whose one layer is this.
    pub async fn push(&self, repository: &str, tag: &str, layer: &[u8]) -> (Digest, Value) {
        let manifest = self.image(repository, layer).await;
        let answer = self.put_manifest(repository, tag, &manifest).await;
        assert_eq!(answer.status(), StatusCode::CREATED);
        let digest = header(&answer, "docker-content-digest")
            .parse()
            .expect("a digest");
        (digest, manifest)
    }

    pub async fn image(&self, repository: &str, layer: &[u8]) -> Value {
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
    pub fn age(&self, by: Duration) {
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

pub fn header(response: &Response, name: &str) -> String {
    let value = response
        .headers()
        .get(name)
        .unwrap_or_else(|| panic!("no {name}: {response:?}"));
    value.to_str().expect("text").to_owned()
}

/// Status and code of a refusal.
pub async fn refusal(response: Response) -> (u16, String) {
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

pub fn is(status: u16, code: &str) -> (u16, String) {
    (status, code.to_owned())
}
