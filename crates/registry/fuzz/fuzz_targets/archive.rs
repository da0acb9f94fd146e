//! Archives that people upload: what is refused has a short reason of one line, what is taken can be taken in, and
//! nothing stays behind.
#![no_main]
#![allow(clippy::expect_used, reason = "a broken rule is a panic")]

use std::{
    fs,
    io::Cursor,
    sync::{Arc, LazyLock},
};

use libfuzzer_sys::fuzz_target;
use skep_registry::{Archive, ArchiveError, Limits, Storage};
use tempfile::TempDir;
use tokio::runtime::Runtime;

static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| Runtime::new().expect("a runtime"));

fuzz_target!(|content: &[u8]| {
    let folder = TempDir::new().expect("a folder");
    let limits = Limits {
        blob: 64 * 1024,
        unpacked: 1024 * 1024,
        free_room: 0,
        ..Limits::default()
    };
    let storage = Arc::new(Storage::open(folder.path(), limits).expect("storage"));
    let source = Cursor::new(content.to_vec());
    match RUNTIME.block_on(Archive::read(&storage, source)) {
        Ok(archive) => {
            let (repository, tag) = ("a".parse().expect("a name"), "1".parse().expect("a tag"));
            let imported = archive.import(&storage, &repository, &tag);
            RUNTIME
                .block_on(imported)
                .expect("what was read can be taken in");
        }
        Err(ArchiveError::Refused(reason)) => {
            assert!(
                reason.len() < 400 && !reason.contains(char::is_control),
                "{reason:?}"
            );
        }
        Err(ArchiveError::Registry(error)) => {
            let reason = error.to_string();
            assert!(!reason.starts_with("failed"), "{reason}");
        }
    }
    let uploads = fs::read_dir(folder.path().join("uploads")).expect("a folder");
    assert_eq!(uploads.count(), 0, "something stayed");
});
