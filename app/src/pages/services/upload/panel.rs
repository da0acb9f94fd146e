//! The archive that is on its way, as it is shown.

use leptos::{ev, prelude::*};
use skep_model::Refusal;
use wasm_bindgen::JsCast;
use web_sys::HtmlInputElement;

use super::{Stage, Upload, note::Note};
use crate::{
    components::{Icon, failure_text},
    failure::Failure,
    preferences::use_locale,
    translations::{Locale, td_string},
    view::view,
    words,
};

/// The archive that is on its way.
#[component]
pub fn UploadPanel(
    upload: Upload,
    /// Asks for other words about an archive that was refused.
    #[prop(into)]
    again: Callback<()>,
) -> impl IntoView {
    let locale = use_locale();
    Effect::new(move |_| upload.recall());
    move || {
        upload.shown.get().map(|(note, stage)| {
            let over = matches!(stage, Stage::Taken(_));
            let dismiss = if over {
                td_string!(locale, action.close)
            } else {
                td_string!(locale, action.cancel)
            };
            let name = note.name.clone();
            view! {
                <section class="panel upload" aria-labelledby="upload">
                    <header>
                        <h2 id="upload">{name}</h2>
                        <button type="button" class="btn s ghost" on:click=move |_| upload.dismiss()>
                            {dismiss}
                        </button>
                    </header>
                    <div class="body stack">{body(locale, upload, &note, stage, again)}</div>
                </section>
            }
        })
    }
}

fn body(locale: Locale, upload: Upload, note: &Note, stage: Stage, again: Callback<()>) -> AnyView {
    let all = note.length;
    let bar = |there: u64| {
        let (done, length) = (words::size(locale, there), words::size(locale, all));
        view! {
            <progress max=all.to_string() value=there.to_string() aria-labelledby="upload"></progress>
            <p class="muted">{td_string!(locale, services.sent, sent = done, length = length)}</p>
        }
    };
    match stage {
        Stage::Sending(sent) => view! {
            {bar(sent)}
            <p class="faint">{td_string!(locale, services.goes_on)}</p>
        },
        Stage::Waiting(sent) => view! {
            {bar(sent)}
            <p role="status" class="with-icon waiting">
                <Icon name="warn" />
                {td_string!(locale, services.waiting)}
            </p>
        },
        Stage::Left(sent) => view! { {bar(sent)} {choose(locale, upload, None)} },
        Stage::OtherFile(sent) => {
            let complaint = td_string!(locale, services.other_file);
            view! { {bar(sent)} {choose(locale, upload, Some(complaint))} }
        }
        Stage::Checking => view! {
            <progress aria-labelledby="upload"></progress>
            <p class="muted" role="status">
                {td_string!(locale, services.checking)}
            </p>
        },
        Stage::Taken(name) => view! {
            <p role="status" class="with-icon">
                <Icon name="running" />
                {td_string!(locale, services.taken, name = name.to_string())}
            </p>
            <p>
                <a href="/sensors/matrix">{td_string!(locale, services.to_matrix)}</a>
            </p>
        },
        Stage::Refused(failure, whole) => {
            let again = whole.then(|| {
                view! {
                    <p>
                        <button type="button" class="btn s" on:click=move |_| again.run(())>
                            {td_string!(locale, services.again)}
                        </button>
                    </p>
                }
            });
            view! {
                <div class="note red" role="alert">
                    <Icon name="failed" />
                    <p>{about(locale, &failure)} {failure_text(locale, &failure)}</p>
                </div>
                {again}
            }
        }
    }
}

/// Asks for the file that another visit has begun with: a page may not open it by itself.
fn choose(locale: Locale, upload: Upload, complaint: Option<&'static str>) -> AnyView {
    let chosen = move |event: ev::Event| {
        let input = event
            .target()
            .and_then(|target| target.dyn_into::<HtmlInputElement>().ok());
        let files = input.and_then(|input| input.files());
        if let Some(file) = files.and_then(|files| files.get(0)) {
            upload.resume(file);
        }
    };
    let complaint = complaint.map(|text| {
        view! {
            <p class="err" role="alert">
                <Icon name="failed" small=true />
                {text}
            </p>
        }
    });
    view! {
        <div class="field">
            <label for="same-file">{td_string!(locale, services.same_file)}</label>
            <input class="input" id="same-file" type="file" accept=".tar,.gz,.tgz" on:change=chosen />
            {complaint}
        </div>
    }
}

/// The field that was refused: the dialog with it is closed.
fn about(locale: Locale, failure: &Failure) -> Option<String> {
    let Failure::Refused(Refusal::Invalid { field, .. }) = failure else {
        return None;
    };
    let word = match field.as_str() {
        "name" => td_string!(locale, field.name),
        "label" => td_string!(locale, services.revision),
        "port" => td_string!(locale, services.ports),
        "description" => td_string!(locale, services.description),
        _ => return None,
    };
    Some(format!("{word}: "))
}
