//! An event in one line: our words, then the attacker's.

use leptos::prelude::*;
use skep_model::{Digest, digest::Headline};

use super::Raw;
use crate::{
    preferences::use_locale,
    translations::{Locale, td_string},
    view::view,
    words::number,
};

/// The words of a summary, without the attacker's.
fn headline(locale: Locale, digest: &Digest) -> String {
    match digest.headline() {
        Headline::LoginAccepted => td_string!(locale, summary.login_accepted).to_owned(),
        Headline::LoginTried => {
            td_string!(
                locale,
                summary.logins,
                count = digest.logins,
                n = number(locale, digest.logins.into())
            )
        }
        Headline::Commands => {
            td_string!(
                locale,
                summary.commands,
                count = digest.commands,
                n = number(locale, digest.commands.into())
            )
        }
        Headline::Requests => {
            td_string!(
                locale,
                summary.requests,
                count = digest.requests,
                n = number(locale, digest.requests.into())
            )
        }
        Headline::Scan => {
            td_string!(
                locale,
                summary.scan,
                count = digest.probes,
                n = number(locale, digest.probes.into())
            )
        }
        Headline::Payload => crate::words::size(locale, digest.bytes_in),
        Headline::Connection if digest.subject.0.is_empty() || digest.probes > 0 => {
            td_string!(locale, summary.silent).to_owned()
        }
        Headline::Connection => td_string!(locale, summary.connection).to_owned(),
    }
}

/// What came on top of the headline: commands and requests with a log-in, files.
fn more(locale: Locale, digest: &Digest) -> String {
    let mut text = String::new();
    if digest.accepted > 0 && digest.commands > 0 {
        text.push_str(", ");
        text.push_str(&td_string!(
            locale,
            summary.commands,
            count = digest.commands,
            n = number(locale, digest.commands.into())
        ));
    }
    if digest.accepted > 0 && digest.requests > 0 {
        text.push_str(", ");
        text.push_str(&td_string!(
            locale,
            summary.requests,
            count = digest.requests,
            n = number(locale, digest.requests.into())
        ));
    }
    if digest.files > 0 {
        text.push_str(", ");
        text.push_str(&td_string!(
            locale,
            summary.files,
            count = digest.files,
            n = number(locale, digest.files.into())
        ));
    }
    text
}

/// An event's summary.
#[component]
pub fn Summary(
    /// What it comes to.
    digest: Digest,
) -> impl IntoView {
    let locale = use_locale();
    let more = more(locale, &digest);
    let subject =
        (!digest.subject.0.is_empty()).then(|| view! { ": " <Raw bytes=digest.subject.clone() /> });
    view! {
        {headline(locale, &digest)}
        {subject}
        {(!more.is_empty()).then_some(more)}
    }
}
