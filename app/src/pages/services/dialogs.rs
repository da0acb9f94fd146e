//! Questions about services: how one shall be, whether to remove it.

use std::collections::BTreeSet;

use leptos::prelude::*;
use skep_model::{
    event::ServiceName,
    service::{Capability, ImageService, Level, Revision, Rights, ServiceEdit},
};
use web_sys::FormData;

use super::State;
use crate::{
    components::{Checks, Choose, Field, FormDialog, several, text},
    preferences::use_locale,
    server,
    translations::{Locale, td_string},
    view::view,
    words,
};

/// The form's word for the network of the sensor's machine.
const RAW_NETWORK: &str = "raw_network";

/// What a question is about.
#[derive(Clone, Debug, PartialEq)]
pub enum Subject {
    /// A whole service.
    Service(ImageService),
    /// One of its revisions.
    Revision(ServiceName, Revision),
    /// The archive that was refused last.
    Refused,
}

/// How far attackers can get, in words.
pub fn levels(locale: Locale) -> Vec<(String, String)> {
    Level::ALL
        .iter()
        .map(|level| (level.to_string(), words::level(locale, *level).to_owned()))
        .collect()
}

/// The rights that its revisions ask for or that it has, and whether it has them.
fn rights(locale: Locale, service: &ImageService) -> Vec<(String, String, bool)> {
    let all = service.revisions.iter().map(|revision| &revision.needs);
    let all: Vec<&Rights> = all.chain([&service.allowed]).collect();
    let network = all.iter().any(|rights| rights.raw_network).then(|| {
        let word = td_string!(locale, services.raw_network).to_owned();
        (RAW_NETWORK.to_owned(), word, service.allowed.raw_network)
    });
    let capabilities: BTreeSet<Capability> = all
        .iter()
        .flat_map(|rights| rights.capabilities.iter().copied())
        .collect();
    let capabilities = capabilities.into_iter().map(|capability| {
        let allowed = service.allowed.capabilities.contains(&capability);
        (capability.to_string(), capability.to_string(), allowed)
    });
    network.into_iter().chain(capabilities).collect()
}

/// Asks how a service shall be.
#[component]
pub fn EditService(state: State) -> impl IntoView {
    let locale = use_locale();
    let attempt = state.edit;
    let subject = move || match state.subject.get() {
        Some(Subject::Service(service)) => Some(service),
        _ => None,
    };
    let title = Signal::derive(move || {
        let name = subject().map(|service| service.name.to_string());
        td_string!(locale, action.edit_of, name = name.unwrap_or_default())
    });
    let submit = Callback::new(move |data: FormData| {
        let Some(Subject::Service(service)) = state.subject.get_untracked() else {
            return;
        };
        let edit = ServiceEdit {
            description: Some(text(&data, "description")),
            level: text(&data, "level").parse().ok(),
            revision: None,
            allowed: Some(Rights {
                raw_network: several::<String>(&data, "rights").contains(&RAW_NETWORK.to_owned()),
                capabilities: several(&data, "rights").into_iter().collect(),
            }),
        };
        attempt.run(server::edit_service(service.name, edit), move |_| {
            state.refresh();
        });
    });
    let fields = move || {
        let service = subject();
        let rights = service.as_ref().map(|service| rights(locale, service));
        let current = service.as_ref().map(|service| service.level.to_string());
        let description = service.map(|service| service.description);
        view! {
            <Field
                name="description"
                label=td_string!(locale, services.description)
                value=description.unwrap_or_default()
                autofocus=true
                complaint=attempt.about("description")
            />
            <Choose name="level" label=td_string!(locale, services.level) choices=levels(locale) current=current.unwrap_or_default() />
            {rights
                .filter(|rights| !rights.is_empty())
                .map(|choices| {
                    view! {
                        <Checks name="rights" label=td_string!(locale, services.rights) hint=td_string!(locale, services.rights_hint) choices complaint=attempt.about("allowed") />
                    }
                })}
        }
    };
    view! {
        <FormDialog
            attempt
            id="edit-service-title"
            title
            submit=td_string!(locale, action.save)
            fields=&["description"]
            on_submit=submit
        >
            {fields}
        </FormDialog>
    }
}

/// Asks before a service or a revision goes.
#[component]
pub fn AskRemove(state: State) -> impl IntoView {
    let locale = use_locale();
    let attempt = state.remove;
    let title = Signal::derive(move || {
        let name = match state.subject.get() {
            Some(Subject::Service(service)) => service.name.to_string(),
            Some(Subject::Revision(name, revision)) => format!("{name} {}", revision.label),
            Some(Subject::Refused) | None => String::new(),
        };
        td_string!(locale, services.remove_title, name = name)
    });
    let submit = Callback::new(move |_: FormData| match state.subject.get_untracked() {
        Some(Subject::Service(service)) => {
            attempt.run(server::remove_service(service.name), move |()| {
                state.refresh();
            });
        }
        Some(Subject::Revision(name, revision)) => {
            let work = server::remove_revision(name, revision.number);
            attempt.run(work, move |()| state.refresh());
        }
        Some(Subject::Refused) | None => {}
    });
    view! {
        <FormDialog attempt id="remove-service-title" title submit=td_string!(locale, action.remove) danger=true on_submit=submit>
            <p>{td_string!(locale, services.remove_text)}</p>
        </FormDialog>
    }
}
