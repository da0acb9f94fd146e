//! What a page says when it did not get what it asked for.

use leptos::prelude::*;
use leptos_router::components::Redirect;
use skep_model::Refusal;

use super::{Empty, Icon};
use crate::{
    failure::Failure,
    preferences::use_locale,
    translations::{Locale, td_string},
    view::view,
};

/// The words for a failure.
#[must_use]
pub fn failure_text(locale: Locale, failure: &Failure) -> String {
    match failure {
        Failure::Unreachable => td_string!(locale, failure.unreachable).to_owned(),
        Failure::Misunderstood => td_string!(locale, failure.misunderstood).to_owned(),
        Failure::Refused(refusal) => match refusal {
            Refusal::NotLoggedIn => td_string!(locale, failure.not_logged_in).to_owned(),
            Refusal::Forbidden => td_string!(locale, failure.forbidden).to_owned(),
            Refusal::NotFound => td_string!(locale, failure.not_found).to_owned(),
            Refusal::Wait { seconds } => {
                let n = *seconds;
                td_string!(locale, failure.wait, count = n)
            }
            Refusal::Busy => td_string!(locale, failure.busy).to_owned(),
            Refusal::Invalid { complaint, .. } => crate::words::complaint(locale, *complaint),
            Refusal::Upload { reason } => {
                td_string!(locale, failure.upload, reason = reason.as_str())
            }
            Refusal::TooLarge { max } => {
                let max = crate::words::number(locale, *max);
                td_string!(locale, failure.too_large, max = max)
            }
            Refusal::SensorOffline => td_string!(locale, failure.sensor_offline).to_owned(),
            Refusal::SensorSilent => td_string!(locale, failure.sensor_silent).to_owned(),
            Refusal::SensorFailed { reason } => {
                td_string!(locale, failure.sensor_failed, reason = reason.as_str())
            }
            Refusal::Internal { reference } => {
                td_string!(locale, failure.internal, reference = reference.as_str())
            }
        },
    }
}

/// Stands where the data would. Whoever is not logged in any more is sent to log in.
#[component]
pub fn FailureNote(
    /// What happened.
    failure: Failure,
) -> impl IntoView {
    let locale = use_locale();
    #[cfg(feature = "ssr")]
    if failure == Failure::Refused(Refusal::NotFound)
        && let Some(response) = use_context::<leptos_axum::ResponseOptions>()
    {
        response.set_status(axum::http::StatusCode::NOT_FOUND);
    }
    match failure {
        Failure::Refused(Refusal::NotLoggedIn) => {
            view! { <Redirect path="/login" /> }
        }
        Failure::Refused(Refusal::NotFound) => view! {
            <Empty icon="search" title=td_string!(locale, missing.title) text=td_string!(locale, missing.text)>
                <a class="btn" href="/">{td_string!(locale, missing.back)}</a>
            </Empty>
        },
        other => view! {
            <div class="note red" role="alert">
                <Icon name="failed" />
                <p>{failure_text(locale, &other)}</p>
            </div>
        },
    }
}

/// Stands where data will: bars in the shape of lines.
#[component]
pub fn Loading() -> impl IntoView {
    let locale = use_locale();
    view! {
        <div class="skels" role="status">
            <span class="vh">{td_string!(locale, loading)}</span>
            <i class="skel"></i>
            <i class="skel"></i>
            <i class="skel"></i>
            <i class="skel"></i>
        </div>
    }
}
