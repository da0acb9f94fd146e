//! What the browser keeps of an archive that is on its way, so that another visit can go on with it.

use leptos::prelude::window;
use serde::{Deserialize, Serialize};
use skep_model::{ids::ArchiveId, service::ArchiveForm};
use web_sys::{File, Storage};

const KEY: &str = "skep-upload";

/// Which file it is, and what was said about it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Note {
    /// What the server calls it.
    pub id: ArchiveId,
    /// The file's name.
    pub name: String,
    /// Its length in bytes.
    pub length: u64,
    /// When it was changed last, in milliseconds since 1970.
    modified: f64,
    /// What was said about it.
    pub form: ArchiveForm,
}

impl Note {
    /// A note of a file.
    pub fn of(id: ArchiveId, file: &File, form: ArchiveForm) -> Self {
        Self {
            id,
            name: file.name(),
            length: file.size() as u64,
            modified: file.last_modified(),
            form,
        }
    }

    /// Whether it is of this file.
    pub fn is_of(&self, file: &File) -> bool {
        *self == Self::of(self.id, file, self.form.clone())
    }

    /// Keeps it for another visit.
    pub fn keep(&self) {
        if let (Some(storage), Ok(text)) = (storage(), serde_json::to_string(self)) {
            let _ = storage.set_item(KEY, &text);
        }
    }

    /// What another visit has kept.
    pub fn recall() -> Option<Self> {
        let text = storage()?.get_item(KEY).ok()??;
        serde_json::from_slice(text.as_bytes()).ok()
    }

    /// Nothing is to be gone on with.
    pub fn forget() {
        if let Some(storage) = storage() {
            let _ = storage.remove_item(KEY);
        }
    }
}

fn storage() -> Option<Storage> {
    window().local_storage().ok().flatten()
}
