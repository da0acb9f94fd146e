//! What stands in addresses, headers and manifests: whatever can be read is written so that it reads the same, and
//! nothing leaves its place.
#![no_main]

use http::Method;
use libfuzzer_sys::fuzz_target;
use skep_registry::{
    Action, Address, Digest, Image, Manifest, Reference, Repository, Tag, Wanted, content_range,
    wanted_range,
};

fuzz_target!(|text: &str| {
    if let Ok(repository) = text.parse::<Repository>() {
        assert_eq!(repository.as_str(), text);
        assert!(
            text.split('/')
                .all(|part| !part.is_empty() && !part.starts_with(['.', '_', '-']))
        );
    }
    if let Ok(tag) = text.parse::<Tag>() {
        assert_eq!(tag.as_str(), text);
        assert!(!text.contains('/') && !text.starts_with('.'));
    }
    if let Ok(digest) = text.parse::<Digest>() {
        assert_eq!(digest.to_string(), text);
    }
    if let Ok(reference) = text.parse::<Reference>() {
        assert_eq!(reference.to_string(), text);
    }
    if let Ok(address) = Address::parse(text) {
        assert_eq!(address.repository().is_none(), address == Address::Base);
        assert_eq!(address.action(&Method::POST), Action::Push);
        assert_ne!(address.action(&Method::DELETE), Action::Pull);
    }
    for length in [0, 1, 10, u64::MAX] {
        if let Wanted::Part(range) = wanted_range(text, length) {
            assert!(range.start < range.end && range.end <= length);
        }
    }
    if let Some(range) = content_range(text) {
        assert!(range.start < range.end);
    }
    if let Ok(manifest) = Manifest::parse(text.as_bytes(), None) {
        // It is found again to be what it came as.
        let kind = manifest.media_type.as_str();
        let again = Manifest::parse(text.as_bytes(), Some(kind)).ok();
        assert_eq!(again, Some(manifest));
    }
    if let Ok(image) = Image::parse(text.as_bytes()) {
        assert!(image.exposed_ports.iter().all(|port| port.number != 0));
    }
});
