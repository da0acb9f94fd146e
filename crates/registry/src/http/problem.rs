//! What goes wrong, in the specification's own form.

use axum::{
    Json,
    response::{IntoResponse, Response},
};
use http::{HeaderValue, StatusCode, header};
use serde_json::json;

use super::Denied;
use crate::RegistryError;

/// An answer that is not what was asked for.
#[derive(Debug)]
pub(super) enum Problem {
    Denied(Denied),
    Error(RegistryError),
    Unsupported,
}

impl Problem {
    /// The registry does not do that.
    pub(super) fn unsupported() -> Self {
        Self::Unsupported
    }

    /// Status and code.
    fn kind(&self) -> (StatusCode, &'static str) {
        use RegistryError as E;
        match self {
            Self::Denied(Denied::Unknown { .. }) => (StatusCode::UNAUTHORIZED, "UNAUTHORIZED"),
            Self::Denied(Denied::Forbidden | Denied::Because(_)) | Self::Error(E::Refused(_)) => {
                (StatusCode::FORBIDDEN, "DENIED")
            }
            Self::Denied(Denied::Later { .. }) | Self::Error(E::TooManyUploads) => {
                (StatusCode::TOO_MANY_REQUESTS, "TOOMANYREQUESTS")
            }
            Self::Denied(Denied::Failed) | Self::Error(E::Failed(_)) => {
                (StatusCode::INTERNAL_SERVER_ERROR, "UNKNOWN")
            }
            Self::Unsupported => (StatusCode::METHOD_NOT_ALLOWED, "UNSUPPORTED"),
            Self::Error(error) => match error {
                E::InvalidName => (StatusCode::BAD_REQUEST, "NAME_INVALID"),
                E::UnknownRepository => (StatusCode::NOT_FOUND, "NAME_UNKNOWN"),
                E::InvalidDigest | E::OtherDigest(_) => (StatusCode::BAD_REQUEST, "DIGEST_INVALID"),
                E::UnknownBlob => (StatusCode::NOT_FOUND, "BLOB_UNKNOWN"),
                E::UnknownUpload => (StatusCode::NOT_FOUND, "BLOB_UPLOAD_UNKNOWN"),
                E::UnknownManifest => (StatusCode::NOT_FOUND, "MANIFEST_UNKNOWN"),
                E::MissingContent(_) => (StatusCode::BAD_REQUEST, "MANIFEST_BLOB_UNKNOWN"),
                E::InvalidManifest(_) | E::InvalidReference => {
                    (StatusCode::BAD_REQUEST, "MANIFEST_INVALID")
                }
                E::TooLarge(_) => (StatusCode::PAYLOAD_TOO_LARGE, "SIZE_INVALID"),
                E::OtherLength => (StatusCode::BAD_REQUEST, "SIZE_INVALID"),
                E::OutOfOrder(_) => (StatusCode::RANGE_NOT_SATISFIABLE, "BLOB_UPLOAD_INVALID"),
                E::InUse => (StatusCode::CONFLICT, "BLOB_UPLOAD_INVALID"),
                E::NoRoom => (StatusCode::INSUFFICIENT_STORAGE, "BLOB_UPLOAD_INVALID"),
                _ => (StatusCode::BAD_REQUEST, "BLOB_UPLOAD_INVALID"),
            },
        }
    }

    fn message(&self) -> String {
        match self {
            Self::Denied(Denied::Unknown { .. }) => {
                "log in first, with the right password".to_owned()
            }
            Self::Denied(Denied::Forbidden) => "you may not do this in this repository".to_owned(),
            Self::Denied(Denied::Because(reason)) => reason.clone(),
            Self::Denied(Denied::Later { .. }) => "too many tries; try again later".to_owned(),
            Self::Denied(Denied::Failed) | Self::Error(RegistryError::Failed(_)) => {
                "something failed on the server; its log says what".to_owned()
            }
            Self::Error(error) => error.to_string(),
            Self::Unsupported => "this cannot be done here".to_owned(),
        }
    }
}

impl From<RegistryError> for Problem {
    fn from(error: RegistryError) -> Self {
        Self::Error(error)
    }
}

impl From<Denied> for Problem {
    fn from(denied: Denied) -> Self {
        Self::Denied(denied)
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        if let Self::Error(RegistryError::Failed(error)) = &self {
            tracing::error!(%error, "the registry failed");
        }
        let (status, code) = self.kind();
        let content =
            json!({"errors": [{"code": code, "message": self.message(), "detail": null}]});
        let mut response = (status, Json(content)).into_response();
        let header = match self {
            Self::Denied(Denied::Unknown { realm }) => {
                let realm: String = realm.chars().filter(|c| !matches!(c, '"' | '\\')).collect();
                Some((header::WWW_AUTHENTICATE, format!("Basic realm=\"{realm}\"")))
            }
            Self::Denied(Denied::Later { seconds }) => {
                Some((header::RETRY_AFTER, seconds.to_string()))
            }
            Self::Error(RegistryError::TooManyUploads) => {
                Some((header::RETRY_AFTER, "10".to_owned()))
            }
            _ => None,
        };
        if let Some((name, value)) = header
            && let Ok(value) = HeaderValue::from_str(&value)
        {
            response.headers_mut().insert(name, value);
        }
        response
    }
}
