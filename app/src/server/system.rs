//! The server's settings, the audit log, the quarantine.

use leptos::{prelude::*, server_fn::codec::Json};
use skep_model::{api::ApiOperation, system};

use crate::failure::Failure;

/// The settings of the whole server.
#[server(prefix = "/fn", endpoint = "settings")]
pub async fn settings() -> Result<system::Settings, Failure> {
    use super::asker;

    asker::hub()?
        .shown_settings(&asker::actor().await?)
        .map_err(asker::failure)
}

/// Changes the settings.
#[server(prefix = "/fn", endpoint = "edit_settings", input = Json)]
pub async fn edit_settings(new: system::Settings) -> Result<system::Settings, Failure> {
    use super::asker;

    asker::hub()?
        .edit_settings(&asker::actor().await?, new)
        .await
        .map_err(asker::failure)
}

/// What the server says of itself.
#[server(prefix = "/fn", endpoint = "about")]
pub async fn about() -> Result<system::About, Failure> {
    use super::asker;

    asker::hub()?
        .about(&asker::actor().await?)
        .map_err(asker::failure)
}

/// Makes new certificates of the authority and the server.
#[server(prefix = "/fn", endpoint = "renew_certificates")]
pub async fn renew_certificates() -> Result<system::About, Failure> {
    use super::asker;

    asker::hub()?
        .renew_certificates(&asker::actor().await?)
        .await
        .map_err(asker::failure)
}

/// What programs can ask for.
#[server(prefix = "/fn", endpoint = "api_reference")]
pub async fn api_reference() -> Result<Vec<ApiOperation>, Failure> {
    use crate::ApiReference;

    super::asker::actor().await?;
    let ApiReference(operations) = use_context().ok_or(Failure::Misunderstood)?;
    Ok(operations.to_vec())
}

/// A page of the audit log.
#[server(prefix = "/fn", endpoint = "audit_log", input = Json)]
pub async fn audit_log(query: system::AuditQuery) -> Result<system::AuditPage, Failure> {
    use super::asker;

    asker::hub()?
        .audit_log(&asker::actor().await?, &query)
        .await
        .map_err(asker::failure)
}

/// Users and kinds of things that the audit log has.
#[server(prefix = "/fn", endpoint = "audit_words")]
pub async fn audit_words() -> Result<(Vec<String>, Vec<String>), Failure> {
    use super::asker;

    asker::hub()?
        .audit_words(&asker::actor().await?)
        .await
        .map_err(asker::failure)
}

/// Rejected parts of events, newest first.
#[server(prefix = "/fn", endpoint = "quarantine")]
pub async fn quarantine(before: Option<i64>) -> Result<Vec<system::QuarantineView>, Failure> {
    use super::asker;

    asker::hub()?
        .quarantine(&asker::actor().await?, before)
        .await
        .map_err(asker::failure)
}

/// Tries to take a rejected part again; returns why it is rejected still.
#[server(prefix = "/fn", endpoint = "retry_quarantined")]
pub async fn retry_quarantined(id: i64) -> Result<Option<String>, Failure> {
    use super::asker;

    asker::hub()?
        .retry_quarantined(&asker::actor().await?, id)
        .await
        .map_err(asker::failure)
}

/// Throws a rejected part away.
#[server(prefix = "/fn", endpoint = "discard_quarantined")]
pub async fn discard_quarantined(id: i64) -> Result<(), Failure> {
    use super::asker;

    asker::hub()?
        .discard_quarantined(&asker::actor().await?, id)
        .await
        .map_err(asker::failure)
}
