//! The server functions: what pages ask the hub, over the same functions that the API uses.

mod accounts;
mod dashboard;
mod events;
mod images;
mod profile;
mod sensors;
mod services;
mod session;
mod system;

pub use accounts::{
    create_token, group_views, remove_group, remove_user, revoke_token, save_group, save_user,
    tokens, users,
};
pub use dashboard::dashboard;
pub use events::{edit_event, edit_events, event, events, replay, restore_events, take_events};
pub use images::{
    begin_upload, edit_service, end_fetch, fetch_service, fetches, finish_upload, registry,
    remove_revision, remove_service, remove_upload, service_entries, uploaded,
};
pub use profile::{ChangePassword, end_session, profile};
pub use sensors::{
    add_sensor, call_sensor, edit_sensor, enrol_again, groups, instance_log, remove_sensor,
    revoke_sensor, sensor_history, sensors, sensors_among,
};
pub use services::{deploy, service_views, services};
pub use session::{LogIn, LogOut, SetUp, me};
pub use system::{
    about, api_reference, audit_log, audit_words, discard_quarantined, edit_settings, quarantine,
    renew_certificates, retry_quarantined, settings,
};

/// Who asks, and whom.
#[cfg(feature = "ssr")]
mod asker {
    use axum::{
        Extension,
        http::{HeaderValue, Method, StatusCode, header, request::Parts},
    };
    use leptos::prelude::*;
    use leptos_axum::ResponseOptions;
    use skep_hub::{Actor, Client, Hub, HubError};
    use skep_model::Refusal;

    use crate::failure::Failure;

    /// The hub of this server.
    pub fn hub() -> Result<Hub, Failure> {
        use_context::<Hub>().ok_or(Failure::Misunderstood)
    }

    /// Whoever is logged in.
    pub async fn actor() -> Result<Actor, Failure> {
        let Extension(actor) = leptos_axum::extract::<Extension<Option<Actor>>>()
            .await
            .map_err(|_| Failure::Misunderstood)?;
        actor.ok_or_else(|| refuse(Refusal::NotLoggedIn))
    }

    /// Where the request comes from.
    pub async fn client() -> Result<Client, Failure> {
        let Extension(client) = leptos_axum::extract::<Extension<Client>>()
            .await
            .map_err(|_| Failure::Misunderstood)?;
        Ok(client)
    }

    /// What the browser learns of an error of the hub.
    pub fn failure(error: HubError) -> Failure {
        refuse(error.refusal())
    }

    /// Refuses, and gives the answer the status that says so.
    pub fn refuse(refusal: Refusal) -> Failure {
        // A form that a browser without scripts posted is answered by a redirection, whose status must stand.
        let plain_form = use_context::<Parts>().is_some_and(|parts| {
            parts.method == Method::POST
                && parts
                    .headers
                    .get(header::ACCEPT)
                    .is_some_and(|accept| accept.as_bytes().starts_with(b"text/html"))
        });
        if !plain_form && let Some(response) = use_context::<ResponseOptions>() {
            response.set_status(
                StatusCode::from_u16(refusal.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR),
            );
        }
        Failure::Refused(refusal)
    }

    /// Sends cookies along with the answer.
    pub fn set_cookies(cookies: &[String]) -> Result<(), Failure> {
        for cookie in cookies {
            let value = HeaderValue::from_str(cookie).map_err(|_| Failure::Misunderstood)?;
            if let Some(response) = use_context::<ResponseOptions>() {
                response.append_header(header::SET_COOKIE, value);
            }
        }
        Ok(())
    }
}
