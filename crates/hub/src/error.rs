//! The one error type of the hub.

use skep_model::{Complaint, Refusal};
use skep_store::StoreError;

use crate::CertificateError;

/// Why the hub did not do what it was asked to.
#[derive(Debug, thiserror::Error)]
pub enum HubError {
    /// The asker is told why.
    #[error("refused: {0}")]
    Refused(Refusal),
    /// Something failed; the asker gets only a reference into the log.
    #[error("failed: {0}")]
    Failed(#[from] StoreError),
    /// The same of the registry.
    #[error("failed: {0}")]
    Registry(skep_registry::RegistryError),
    /// The same of certificates.
    #[error("failed: {0}")]
    Certificate(#[from] CertificateError),
}

impl HubError {
    /// A complaint about one field.
    #[must_use]
    pub fn invalid(field: &str, complaint: Complaint) -> Self {
        Self::Refused(Refusal::invalid(field, complaint))
    }

    /// A name that somebody else has is a complaint, not a failure of the database.
    pub(crate) fn of_name(error: StoreError) -> Self {
        match error {
            StoreError::Conflict(_) => Self::invalid("name", Complaint::Taken),
            other => other.into(),
        }
    }

    /// What the asker is told. A failure is written to the log under the reference that the asker gets.
    #[must_use]
    pub fn refusal(&self) -> Refusal {
        match self {
            Self::Refused(refusal) => refusal.clone(),
            Self::Failed(_) | Self::Registry(_) | Self::Certificate(_) => {
                let reference = crate::secrets::reference();
                tracing::error!(reference, error = %self, "request failed");
                Refusal::Internal { reference }
            }
        }
    }
}

impl From<Refusal> for HubError {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}
