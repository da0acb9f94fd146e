//! Images of the small program, large enough to be killed while they are loaded.

use std::path::Path;

use serde_json::json;

use crate::archives::{Image, digest};

/// How long the layer is that nothing compresses, in bytes.
const WEIGHT: usize = 12 * 1024 * 1024;

/// An image, and what the engine will know it by.
pub struct Revision {
    pub archive: Vec<u8>,
    pub image: String,
}

/// A revision of the service: the same program, and a layer that no other has.
pub fn revision(program: &Path, number: u64) -> Revision {
    let mut layer = tar::Builder::new(vec![]);
    layer.append_path_with_name(program, "honeypot").unwrap();
    let mut noise = tar::Builder::new(vec![]);
    let mut header = tar::Header::new_ustar();
    header.set_size(WEIGHT as u64);
    header.set_mode(0o644);
    noise
        .append_data(&mut header, "noise", &*random(number))
        .unwrap();
    let layers = [layer, noise].map(|layer| layer.into_inner().unwrap());
    let config = json!({
        "architecture": match std::env::consts::ARCH { "aarch64" => "arm64", _ => "amd64" },
        "os": "linux",
        "config": {
            "Entrypoint": ["/honeypot", "serve", "22", "json"],
            "ExposedPorts": { "22/tcp": {} },
            "Labels": {
                "skep.events": "json-lines",
                "skep.ready": "22/tcp",
                "skep.ready.expect": "hello ",
            },
        },
        "rootfs": { "type": "layers", "diff_ids": layers.each_ref().map(|layer| digest(layer)) },
    });
    let image = Image {
        config: config.to_string().into_bytes(),
        layers,
        raw_network: false,
    };
    Revision {
        archive: image.docker_save(),
        image: digest(&image.config),
    }
}

/// Bytes without any pattern, the same ones for the same seed.
fn random(seed: u64) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let words = (0..WEIGHT / 8).flat_map(|_| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()
    });
    words.collect()
}
