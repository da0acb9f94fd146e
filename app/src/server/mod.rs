//! The server functions: what pages ask the hub, over the same functions that the API uses.

mod dashboard;
mod events;
mod sensors;
mod session;

pub use dashboard::dashboard;
pub use events::{edit_event, event, events};
pub use sensors::{AddSensor, enrol_again, groups, revoke_sensor, sensors, services};
pub use session::{LogIn, LogOut, SetUp, me};

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

    /// Sends a cookie along with the answer.
    pub fn set_cookie(cookie: &str) -> Result<(), Failure> {
        let value = HeaderValue::from_str(cookie).map_err(|_| Failure::Misunderstood)?;
        if let Some(response) = use_context::<ResponseOptions>() {
            response.append_header(header::SET_COOKIE, value);
        }
        Ok(())
    }
}
