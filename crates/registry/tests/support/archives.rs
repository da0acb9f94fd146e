//! Handing archives in.

use std::sync::Arc;

use skep_registry::{Archive, ArchiveError, Limits, Storage};
use tempfile::TempDir;

use super::{Image, archive, count, gzip, tar};

/// Where archives are handed in.
pub struct Desk {
    pub storage: Arc<Storage>,
    pub folder: TempDir,
}

impl Desk {
    pub fn new(limits: Limits) -> Self {
        let folder = TempDir::new().expect("a folder");
        let storage = Storage::open(folder.path(), limits)
            .expect("storage")
            .into();
        Self { storage, folder }
    }

    pub async fn read(&self, content: Vec<u8>) -> Result<Archive, ArchiveError> {
        Archive::read(&self.storage, std::io::Cursor::new(content)).await
    }

    /// What is said of an archive that is not taken; nothing of it stays.
    pub async fn refusal(&self, what: &str, content: Vec<u8>) -> String {
        let said = match self.read(content).await {
            Ok(_) => panic!("{what}: it was taken"),
            Err(error) => error.to_string(),
        };
        assert_eq!(count(self.folder.path()), 0, "{what}: something stayed");
        assert!(
            said.len() < 400 && !said.contains(char::is_control),
            "{what}: {said}"
        );
        said
    }
}

pub fn zstd(content: &[u8]) -> Vec<u8> {
    zstd::encode_all(content, 1).expect("memory")
}

pub fn service(image: &Image, metadata: &str) -> Vec<u8> {
    let inside = archive(&image.docker_save());
    gzip(&tar(&[
        ("metadata.xml", metadata.as_bytes()),
        ("service.tar", &inside),
    ]))
}
