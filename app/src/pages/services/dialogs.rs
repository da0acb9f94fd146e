//! Questions about services: which image to add, how one shall be, whether to remove it.

use std::collections::BTreeSet;

use leptos::prelude::*;
use skep_model::{
    Complaint, Refusal,
    event::ServiceName,
    service::{
        ArchiveForm, Capability, EventSource, ImageService, Level, Revision, Rights, ServiceEdit,
    },
};
use wasm_bindgen::JsCast;
use web_sys::{File, FormData};

use super::{State, upload::Upload};
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
}

/// What was entered about an archive; what is left empty the archive says by itself.
fn archive_form(data: &FormData) -> Result<ArchiveForm, Refusal> {
    let entered =
        |field: &str| Some(text(data, field).trim().to_owned()).filter(|text| !text.is_empty());
    let name = match entered("name") {
        Some(name) => Some(
            name.parse()
                .map_err(|_| Refusal::invalid("name", Complaint::BadCharacters))?,
        ),
        None => None,
    };
    Ok(ArchiveForm {
        name,
        label: entered("label"),
        description: entered("description"),
        level: entered("level").and_then(|level| level.parse().ok()),
        port: text(data, "port")
            .split_whitespace()
            .map(str::to_owned)
            .collect(),
        events: entered("events").and_then(|events| events.parse().ok()),
        log: entered("log"),
    })
}

fn levels(locale: Locale) -> Vec<(String, String)> {
    Level::ALL
        .iter()
        .map(|level| (level.to_string(), words::level(locale, *level).to_owned()))
        .collect()
}

/// Asks for an archive.
#[component]
pub fn AddService(
    state: State,
    /// What takes it to the server.
    upload: Upload,
) -> impl IntoView {
    let locale = use_locale();
    let attempt = state.add;
    let submit = Callback::new(move |data: FormData| {
        let file = data.get("archive").dyn_into::<File>().ok();
        let Some(file) = file.filter(|file| !file.name().is_empty()) else {
            let refusal = Refusal::invalid("archive", Complaint::Empty);
            attempt.failure.set(Some(refusal.into()));
            return;
        };
        match archive_form(&data) {
            Ok(form) => {
                attempt.open.set(false);
                upload.begin(file, &form, move || state.refresh());
            }
            Err(refusal) => attempt.failure.set(Some(refusal.into())),
        }
    });
    let fields = move || {
        let said = [(
            String::new(),
            td_string!(locale, services.as_archive_says).to_owned(),
        )];
        let sources = said
            .iter()
            .cloned()
            .chain(EventSource::ALL.iter().map(|source| {
                let word = match source {
                    EventSource::Collector => td_string!(locale, services.collector).to_owned(),
                    EventSource::JsonLines => td_string!(locale, services.json_lines).to_owned(),
                    EventSource::Cowrie => td_string!(locale, services.log_of, name = "Cowrie"),
                    EventSource::Heralding => {
                        td_string!(locale, services.log_of, name = "Heralding")
                    }
                    EventSource::Opencanary => {
                        td_string!(locale, services.log_of, name = "OpenCanary")
                    }
                    EventSource::Dionaea => {
                        td_string!(locale, services.log_of, name = "Dionaea")
                    }
                    EventSource::Conpot => td_string!(locale, services.log_of, name = "Conpot"),
                };
                (source.to_string(), word)
            }))
            .collect();
        let levels = said.iter().cloned().chain(levels(locale)).collect();
        view! {
            <p class="muted">{td_string!(locale, services.add_text)}</p>
            <Field
                name="archive"
                label=td_string!(locale, services.archive)
                kind="file"
                accept=".tar,.gz,.tgz"
                hint=td_string!(locale, services.archive_hint)
                complaint=attempt.about("archive")
            />
            <details class="whole">
                <summary>{td_string!(locale, services.not_by_itself)}</summary>
                <div class="stack">
                    <div class="two">
                        <Field name="name" label=td_string!(locale, field.name) hint=td_string!(locale, services.name_hint) complaint=attempt.about("name") />
                        <Field name="label" label=td_string!(locale, services.revision) hint=td_string!(locale, services.label_hint) complaint=attempt.about("label") />
                    </div>
                    <Field name="port" label=td_string!(locale, services.ports) hint=td_string!(locale, services.ports_hint) complaint=attempt.about("port") />
                    <Field name="log" label=td_string!(locale, services.log) hint=td_string!(locale, services.log_hint) complaint=attempt.about("log") />
                    <Field name="description" label=td_string!(locale, services.description) complaint=attempt.about("description") />
                    <div class="two">
                        <Choose name="events" label=td_string!(locale, services.events) choices=sources current=String::new() />
                        <Choose name="level" label=td_string!(locale, services.level) choices=levels current=String::new() />
                    </div>
                </div>
            </details>
        }
    };
    view! {
        <FormDialog
            attempt
            id="add-service-title"
            title=Signal::derive(move || td_string!(locale, services.add).to_owned())
            submit=td_string!(locale, services.upload)
            fields=&["archive", "name", "label", "port", "log", "description"]
            on_submit=submit
        >
            {fields}
        </FormDialog>
    }
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
            None => String::new(),
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
        None => {}
    });
    view! {
        <FormDialog attempt id="remove-service-title" title submit=td_string!(locale, action.remove) danger=true on_submit=submit>
            <p>{td_string!(locale, services.remove_text)}</p>
        </FormDialog>
    }
}
