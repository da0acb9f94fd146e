//! Severity, classification, status, presence: always shape, colour and word together.

use leptos::prelude::*;
use skep_model::{Classification, Severity, Status, sensor::Presence};

use super::Icon;
use crate::{preferences::use_locale, view::view, words};

/// A severity in a table or a line.
#[component]
pub fn SeverityMark(
    /// Which.
    severity: Severity,
) -> impl IntoView {
    let word = words::severity(use_locale(), severity);
    view! {
        <span class=format!("sev {severity}") title=word>
            <Icon name=severity_icon(severity) />
            <span class="w">{word}</span>
        </span>
    }
}

/// A severity above a subject.
#[component]
pub fn SeverityBadge(
    /// Which.
    severity: Severity,
) -> impl IntoView {
    view! {
        <span class=format!("badge {severity}")>
            <Icon name=severity_icon(severity) small=true />
            {words::severity(use_locale(), severity)}
        </span>
    }
}

fn severity_icon(severity: Severity) -> &'static str {
    match severity {
        Severity::Info => "sev-info",
        Severity::Low => "sev-low",
        Severity::Medium => "sev-medium",
        Severity::High => "sev-high",
        Severity::Critical => "sev-critical",
    }
}

/// A classification.
#[component]
pub fn ClassMark(
    /// Which.
    classification: Classification,
) -> impl IntoView {
    let icon = match classification {
        Classification::Unknown => "cl-unknown",
        Classification::Icmp => "cl-icmp",
        Classification::Connection => "cl-connection",
        Classification::Honeypot => "cl-honeypot",
        Classification::Scan => "cl-scan",
    };
    view! {
        <span class=format!("cls {classification}")>
            <Icon name=icon />
            <span class="w">{words::classification(use_locale(), classification)}</span>
        </span>
    }
}

/// The class that gives a classification's marks in charts their colour.
#[must_use]
pub fn class_name(classification: Classification) -> &'static str {
    match classification {
        Classification::Connection => "f-grey",
        Classification::Scan => "f-blue",
        Classification::Honeypot => "f-honey",
        Classification::Icmp => "f-teal",
        Classification::Unknown => "f-plum",
    }
}

/// A status.
#[component]
pub fn StatusMark(
    /// Which.
    status: Status,
) -> impl IntoView {
    let icon = match status {
        Status::New => "st-new",
        Status::InProgress => "st-progress",
        Status::Resolved => "st-resolved",
        Status::Ignored => "st-ignored",
    };
    let word = words::status(use_locale(), status);
    view! {
        <span class=format!("st {status}") title=word>
            <Icon name=icon />
            <span class="w">{word}</span>
        </span>
    }
}

/// Whether a sensor can be heard.
#[component]
pub fn PresenceMark(
    /// Which.
    presence: Presence,
) -> impl IntoView {
    let icon = match presence {
        Presence::Waiting => "clock",
        Presence::Online => "running",
        Presence::Offline => "offline",
        Presence::Revoked => "off",
    };
    view! {
        <span class=format!("pres {presence}")>
            <Icon name=icon />
            <span class="w">{words::presence(use_locale(), presence)}</span>
        </span>
    }
}
