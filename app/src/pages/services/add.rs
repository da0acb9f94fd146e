//! Questions about an image to add: which one, and what it does not say by itself.

use leptos::prelude::*;
use skep_model::{
    Complaint, Refusal,
    service::{ArchiveForm, EventSource, FetchForm, UploadView},
};
use wasm_bindgen::JsCast;
use web_sys::{File, FormData};

use super::{
    State,
    dialogs::{Subject, levels},
    fetches::Fetches,
    upload::Upload,
};
use crate::{
    components::{Attempt, Choose, Field, FormDialog, text},
    failure::Failure,
    preferences::use_locale,
    server,
    translations::td_string,
    view::view,
};

/// What was entered about an image; what is left empty it says by itself.
fn archive_form(data: &FormData) -> Result<ArchiveForm, Refusal> {
    let entered = |field: &str| entered(data, field);
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

fn entered(data: &FormData, field: &str) -> Option<String> {
    Some(text(data, field).trim().to_owned()).filter(|text| !text.is_empty())
}

/// Asks for an archive, or for other words about one that was refused.
#[component]
pub fn AddArchive(
    state: State,
    /// What takes it to the server.
    upload: Upload,
) -> impl IntoView {
    let locale = use_locale();
    let attempt = state.add;
    let again = move || {
        let again = state.subject.get() == Some(Subject::Refused);
        again.then(|| upload.refused_file()).flatten()
    };
    let submit = Callback::new(move |data: FormData| {
        let form = match archive_form(&data) {
            Ok(form) => form,
            Err(refusal) => return attempt.failure.set(Some(refusal.into())),
        };
        if untrack(again).is_some() {
            attempt.open.set(false);
            return upload.finish_again(form);
        }
        let file = data.get("archive").dyn_into::<File>().ok();
        let Some(file) = file.filter(|file| !file.name().is_empty()) else {
            let refusal = Refusal::invalid("archive", Complaint::Empty);
            return attempt.failure.set(Some(refusal.into()));
        };
        let length = file.size() as u64;
        attempt.run(begin(length), move |begun| {
            upload.begin(&begun, file, form);
        });
    });
    let archive = move || match again() {
        Some(name) => view! {
            <p class="mono">{name}</p>
            <p class="hint">{td_string!(locale, services.all_there)}</p>
        },
        None => view! {
            <p class="muted">{td_string!(locale, services.add_text)}</p>
            <Field
                name="archive"
                label=td_string!(locale, services.archive)
                kind="file"
                accept=".tar,.gz,.tgz"
                hint=td_string!(locale, services.archive_hint)
                complaint=attempt.about("archive")
            />
        },
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
            {archive}
            <About attempt open=move || again().is_some() />
        </FormDialog>
    }
}

/// Begins an upload of so many bytes.
async fn begin(length: u64) -> Result<UploadView, Failure> {
    let begun = server::begin_upload().await?;
    if length > begun.most {
        let _ = server::remove_upload(begun.id).await;
        return Err(Refusal::TooLarge { max: begun.most }.into());
    }
    Ok(begun)
}

/// Asks for an image of another registry.
#[component]
pub fn AddReference(fetches: Fetches) -> impl IntoView {
    let locale = use_locale();
    let attempt = fetches.ask;
    let submit = Callback::new(move |data: FormData| {
        let about = match archive_form(&data) {
            Ok(about) => about,
            Err(refusal) => return attempt.failure.set(Some(refusal.into())),
        };
        let form = FetchForm {
            reference: text(&data, "reference").trim().to_owned(),
            about,
            user: entered(&data, "user"),
            password: Some(text(&data, "password")).filter(|password| !password.is_empty()),
        };
        attempt.run(server::fetch_service(form), move |_| fetches.look());
    });
    view! {
        <FormDialog
            attempt
            id="fetch-service-title"
            title=Signal::derive(move || td_string!(locale, services.fetch_title).to_owned())
            submit=td_string!(locale, services.fetch)
            fields=&["reference", "name", "label", "port", "log", "description"]
            on_submit=submit
        >
            <Field
                name="reference"
                label=td_string!(locale, services.reference)
                hint=td_string!(locale, services.reference_hint)
                required=true
                autofocus=true
                complaint=attempt.about("reference")
            />
            <div class="two">
                <Field name="user" label=td_string!(locale, services.user) hint=td_string!(locale, services.user_hint) complaint=attempt.about("user") />
                <Field name="password" kind="password" label=td_string!(locale, services.password) complaint=attempt.about("password") />
            </div>
            <About attempt open=|| false />
        </FormDialog>
    }
}

/// What an image does not say by itself.
#[component]
fn About(
    attempt: Attempt,
    /// Whether the fields are shown at first.
    open: impl Fn() -> bool + Send + 'static,
) -> impl IntoView {
    let locale = use_locale();
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
        <details class="whole" open=open>
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
}
