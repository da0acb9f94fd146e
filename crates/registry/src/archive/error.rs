//! What is wrong with an archive, in one sentence.

use std::borrow::Cow;

use crate::RegistryError;

/// Why an archive was not read.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// Something is wrong with the file: one sentence for whoever uploaded it. Names in it are escaped and cut.
    #[error("{0}")]
    Refused(Cow<'static, str>),
    /// The registry could not take it.
    #[error(transparent)]
    Registry(#[from] RegistryError),
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

pub(super) fn refused(reason: impl Into<Cow<'static, str>>) -> ArchiveError {
    ArchiveError::Refused(reason.into())
}

/// Something that the archive says, fit for a sentence.
pub(super) fn shown(text: &str) -> String {
    const LONGEST: usize = 80;
    let mut shown: String = text.chars().take(LONGEST).collect();
    if shown.len() < text.len() {
        shown.push('…');
    }
    format!("{shown:?}")
}
