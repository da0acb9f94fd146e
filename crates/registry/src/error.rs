//! The one error type of storage and of what is asked over HTTP.

use crate::Digest;

/// Why the registry did not do what it was asked to. All but [`RegistryError::Failed`] may be told to whoever asked.
#[derive(Debug, thiserror::Error)]
pub enum RegistryError {
    /// Not a repository's name.
    #[error(
        "the name is not one of a repository: lower case, digits, and . _ - between them, in parts separated by /"
    )]
    InvalidName,
    /// Neither a tag nor a digest.
    #[error("this is neither a tag (letters, digits, _ . -, at most 128) nor a digest")]
    InvalidReference,
    /// Not a digest, or one of an algorithm that is not kept.
    #[error("this is not a digest: sha256: and 64 digits in lower case")]
    InvalidDigest,
    /// What came is not what was announced.
    #[error("the content has the digest {0}")]
    OtherDigest(Digest),
    /// There is no such repository.
    #[error("there is no such repository")]
    UnknownRepository,
    /// There is no such blob in this repository.
    #[error("there is no such blob in this repository")]
    UnknownBlob,
    /// There is no such manifest in this repository.
    #[error("there is no such manifest in this repository")]
    UnknownManifest,
    /// There is no such upload, or not any more.
    #[error("there is no such upload: it has ended, or was idle for too long")]
    UnknownUpload,
    /// A manifest needs something that is not in its repository.
    #[error("the manifest needs {0}, which is not in this repository")]
    MissingContent(Digest),
    /// A manifest cannot be taken as it is.
    #[error("{0}")]
    InvalidManifest(String),
    /// More than the registry takes.
    #[error("this is larger than the {0} bytes that are taken")]
    TooLarge(u64),
    /// The length is not what was announced.
    #[error("the length is not what was announced")]
    OtherLength,
    /// A part of an upload does not follow what came before.
    #[error("the part does not follow what has come: {0} bytes")]
    OutOfOrder(u64),
    /// Another request writes to this upload.
    #[error("another request is writing to this upload")]
    InUse,
    /// As many uploads as there may be at a time.
    #[error("too many uploads at a time; try again later")]
    TooManyUploads,
    /// There is no room.
    #[error("there is no room left for this on the server's disk")]
    NoRoom,
    /// Whoever sent this stopped in the middle.
    #[error("the sender stopped in the middle")]
    Interrupted,
    /// What is pushed cannot be what it would be here.
    #[error("{0}")]
    Refused(String),
    /// Something failed that is none of the asker's business.
    #[error("failed: {0}")]
    Failed(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl RegistryError {
    pub(crate) fn failed(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Failed(error.into())
    }
}

impl From<std::io::Error> for RegistryError {
    fn from(error: std::io::Error) -> Self {
        if error.kind() == std::io::ErrorKind::StorageFull {
            Self::NoRoom
        } else {
            Self::failed(error)
        }
    }
}

impl From<object_store::Error> for RegistryError {
    fn from(error: object_store::Error) -> Self {
        Self::failed(error)
    }
}

impl From<tokio::task::JoinError> for RegistryError {
    fn from(error: tokio::task::JoinError) -> Self {
        Self::failed(error)
    }
}
