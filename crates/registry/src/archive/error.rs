//! What is wrong with an archive, in one sentence.

use std::borrow::Cow;

use skep_model::raw;

use crate::RegistryError;

/// How much of what the archive says is quoted.
const QUOTED: usize = 80;
/// The longest sentence.
const SENTENCE: usize = 300;

/// Why an archive was not read.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// Something is wrong with the file: one sentence for whoever uploaded it. Names in it are escaped and cut.
    #[error("{0}")]
    Refused(Cow<'static, str>),
    /// The registry could not take it.
    #[error(transparent)]
    Registry(RegistryError),
}

impl From<RegistryError> for ArchiveError {
    fn from(error: RegistryError) -> Self {
        match error {
            RegistryError::InvalidManifest(reason) => refused(reason),
            other => Self::Registry(other),
        }
    }
}

impl ArchiveError {
    /// Says in which part of the archive it is.
    pub(super) fn inside(self, part: &str) -> Self {
        match self {
            Self::Refused(reason) => Self::Refused(format!("{part}: {reason}").into()),
            other @ Self::Registry(_) => other,
        }
    }
}

/// A sentence, which may quote what the archive says: so do the libraries that read it.
pub(crate) fn refused(reason: impl Into<Cow<'static, str>>) -> ArchiveError {
    ArchiveError::Refused(match reason.into() {
        Cow::Owned(reason) => visible(&reason, SENTENCE).into(),
        own @ Cow::Borrowed(_) => own,
    })
}

/// Something that the archive says, fit for a sentence.
pub(crate) fn shown(text: &str) -> String {
    format!("\"{}\"", visible(text, QUOTED))
}

/// The beginning of a text, on one line, with nothing in it that does not show.
fn visible(text: &str, longest: usize) -> String {
    let kept = &text[..text.floor_char_boundary(longest)];
    let mut visible = raw::visible(kept.as_bytes());
    if kept.len() < text.len() || visible.len() > longest {
        visible.truncate(visible.floor_char_boundary(longest));
        visible.push('…');
    }
    visible
}
