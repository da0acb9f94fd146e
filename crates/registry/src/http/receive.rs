//! What becomes of what is pushed.

use super::Credentials;
use crate::{RegistryError, Repository, Stored, Tag};

/// A tag is about to stand for a manifest.
#[derive(Clone, Debug)]
pub struct Pushed {
    /// Where.
    pub repository: Repository,
    /// The tag.
    pub tag: Tag,
    /// The manifest. It is there already, and so is all that it needs.
    pub stored: Stored,
}

/// Makes something of what is pushed.
#[async_trait::async_trait]
pub trait Receive: Send + Sync + 'static {
    /// The repository that a name stands for.
    fn meant(&self, named: Repository) -> Repository {
        named
    }

    /// Whether the tag may stand for the manifest from now on. Whoever pushed it is told why not, or of what he should
    /// know; this is plain ASCII without quotes.
    async fn receive(
        &self,
        credentials: &Credentials,
        pushed: &Pushed,
    ) -> Result<Option<&'static str>, RegistryError>;
}
