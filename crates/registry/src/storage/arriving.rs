//! Blobs that are being put into their place: the collection of garbage leaves them alone.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use crate::Digest;

/// How many are putting which blob into its place.
#[derive(Debug, Default)]
pub(super) struct Arriving(Mutex<HashMap<Digest, usize>>);

/// Somebody who is, until this is dropped.
#[derive(Debug)]
pub(super) struct Arrival<'a> {
    all: &'a Arriving,
    digest: Digest,
}

impl Arriving {
    fn all(&self) -> MutexGuard<'_, HashMap<Digest, usize>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// For whoever shares `changes` at that moment; then no collection is between its look and its removal.
    pub(super) fn begin(&self, digest: Digest) -> Arrival<'_> {
        *self.all().entry(digest).or_default() += 1;
        Arrival { all: self, digest }
    }

    pub(super) fn has(&self, digest: &Digest) -> bool {
        self.all().contains_key(digest)
    }
}

impl Drop for Arrival<'_> {
    fn drop(&mut self) {
        let mut all = self.all.all();
        if let Some(count) = all.get_mut(&self.digest) {
            *count -= 1;
            if *count == 0 {
                all.remove(&self.digest);
            }
        }
    }
}
