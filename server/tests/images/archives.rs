//! Archives as people upload them, made from nothing.

#![allow(dead_code, reason = "each test uses a part of this")]

use std::{io::Write as _, path::Path};

use flate2::{Compression, write::GzEncoder};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

/// An image of two layers.
pub struct Image {
    pub config: Vec<u8>,
    pub layers: [Vec<u8>; 2],
    /// Whether the archive of HoneySens asks for raw access.
    pub raw_network: bool,
}

impl Image {
    /// For a processor; another content makes another image.
    pub fn new(architecture: &str, content: &str) -> Self {
        Self::labelled(architecture, content, &json!({}))
    }

    /// One that says something of itself.
    pub fn labelled(architecture: &str, content: &str, labels: &Value) -> Self {
        let noise: Vec<u8> = (0..100_000_u32)
            .flat_map(|n| n.wrapping_mul(2_654_435_761).to_be_bytes())
            .collect();
        let layers = [
            tar(&[("hello", content.as_bytes())]),
            tar(&[("noise", &noise)]),
        ];
        let digests = layers.each_ref().map(|layer| digest(layer));
        let config = json!({
            "architecture": architecture,
            "os": "linux",
            "config": { "Entrypoint": ["/honeypot"], "ExposedPorts": { "2222/tcp": {}, "53/udp": {} }, "Labels": labels },
            "rootfs": { "type": "layers", "diff_ids": digests },
        });
        Self {
            config: config.to_string().into_bytes(),
            layers,
            raw_network: false,
        }
    }

    /// As `docker save` of old writes it.
    pub fn docker_save(&self) -> Vec<u8> {
        let config = format!("{}.json", &digest(&self.config)["sha256:".len()..]);
        let index = json!([{ "Config": config, "RepoTags": ["pot:1.0"], "Layers": ["0/layer.tar", "1/layer.tar"] }]);
        tar(&[
            ("0/layer.tar", &self.layers[0]),
            ("1/layer.tar", &self.layers[1]),
            (&config, &self.config),
            ("manifest.json", index.to_string().as_bytes()),
        ])
    }

    /// As HoneySens packs it.
    pub fn honeysens(&self, name: &str, architecture: &str, revision: &str) -> Vec<u8> {
        let metadata = format!(
            r#"<?xml version="1.0" encoding="UTF-8"?>
<service>
  <name>{name}</name>
  <repository>honeysens/pot</repository>
  <description>An <![CDATA[<imitated>]]>
  shell</description>
  <architecture>{architecture}</architecture>
  <rawNetworkAccess>{}</rawNetworkAccess>
  <catchAll>false</catchAll>
  <portAssignment>{{"2222/tcp": 22, "53/udp": 53}}</portAssignment>
  <revision>{revision}</revision>
  <revisionDescription></revisionDescription>
</service>"#,
            self.raw_network
        );
        gzip(&tar(&[
            ("metadata.xml", metadata.as_bytes()),
            ("service.tar", &self.docker_save()),
        ]))
    }
}

/// Several images as an OCI image layout in a folder, in one index, with a note about how they were made.
pub fn layout(folder: &Path, images: &[(&Image, Value)]) {
    let blobs = folder.join("blobs/sha256");
    std::fs::create_dir_all(&blobs).unwrap();
    let blob = |content: &[u8], kind: &str| {
        let digest = digest(content);
        std::fs::write(blobs.join(&digest["sha256:".len()..]), content).unwrap();
        json!({ "mediaType": kind, "digest": digest, "size": content.len() })
    };
    let kind = "application/vnd.oci.image.manifest.v1+json";
    let manifest = |config: Value, layers: Vec<Value>| {
        let manifest =
            json!({ "schemaVersion": 2, "mediaType": kind, "config": config, "layers": layers });
        blob(manifest.to_string().as_bytes(), kind)
    };
    let mut listed = vec![];
    for (image, platform) in images {
        let config = blob(&image.config, "application/vnd.oci.image.config.v1+json");
        let layers = image
            .layers
            .iter()
            .map(|layer| blob(&gzip(layer), "application/vnd.oci.image.layer.v1.tar+gzip"));
        let mut one = manifest(config, layers.collect());
        one["platform"] = platform.clone();
        listed.push(one);
    }
    let note = b"{\"a\":\"note\"}";
    let config = blob(b"{}", "application/vnd.oci.image.config.v1+json");
    let mut note = manifest(config, vec![blob(note, "application/vnd.in-toto+json")]);
    note["platform"] = json!({ "os": "unknown", "architecture": "unknown" });
    note["annotations"] = json!({ "vnd.docker.reference.type": "attestation-manifest" });
    listed.push(note);
    let index_kind = "application/vnd.oci.image.index.v1+json";
    let index = json!({ "schemaVersion": 2, "mediaType": index_kind, "manifests": listed });
    let mut index = blob(index.to_string().as_bytes(), index_kind);
    index["annotations"] = json!({ "org.opencontainers.image.ref.name": "latest" });
    let top = json!({ "schemaVersion": 2, "mediaType": index_kind, "manifests": [index] });
    std::fs::write(folder.join("index.json"), top.to_string()).unwrap();
    let version = json!({ "imageLayoutVersion": "1.0.0" });
    std::fs::write(folder.join("oci-layout"), version.to_string()).unwrap();
}

/// `sha256:` and the digits.
pub fn digest(content: &[u8]) -> String {
    format!("sha256:{:x}", Sha256::digest(content))
}

fn tar(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut builder = tar::Builder::new(vec![]);
    for (name, content) in members {
        let mut header = tar::Header::new_gnu();
        header.set_size(content.len() as u64);
        header.set_mode(0o644);
        builder.append_data(&mut header, name, *content).unwrap();
    }
    builder.into_inner().unwrap()
}

fn gzip(content: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(vec![], Compression::fast());
    encoder.write_all(content).unwrap();
    encoder.finish().unwrap()
}
