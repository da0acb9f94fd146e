//! Archives as people upload them, made from nothing.

use std::io::Write as _;

use flate2::{Compression, write::GzEncoder};
use serde_json::json;
use sha2::{Digest as _, Sha256};

/// An image of two layers.
pub struct Image {
    pub config: Vec<u8>,
    pub layers: [Vec<u8>; 2],
}

impl Image {
    /// For a processor; another content makes another image.
    pub fn new(architecture: &str, content: &str) -> Self {
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
            "config": { "Entrypoint": ["/honeypot"], "ExposedPorts": { "2222/tcp": {}, "53/udp": {} } },
            "rootfs": { "type": "layers", "diff_ids": digests },
        });
        Self {
            config: config.to_string().into_bytes(),
            layers,
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
  <rawNetworkAccess>false</rawNetworkAccess>
  <catchAll>false</catchAll>
  <portAssignment>{{"2222/tcp": 22, "53/udp": 53}}</portAssignment>
  <revision>{revision}</revision>
  <revisionDescription></revisionDescription>
</service>"#
        );
        gzip(&tar(&[
            ("metadata.xml", metadata.as_bytes()),
            ("service.tar", &self.docker_save()),
        ]))
    }
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
