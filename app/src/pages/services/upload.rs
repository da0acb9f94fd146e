//! An archive on its way to the server: how far it is, and what came of it.

use leptos::prelude::*;
use leptos_router::params::ParamsMap;
use send_wrapper::SendWrapper;
use serde::de::DeserializeOwned;
use skep_model::{
    Refusal,
    event::ServiceName,
    service::{ArchiveForm, ImageService},
};
use wasm_bindgen::{JsCast, prelude::Closure};
use web_sys::{Event, File, ProgressEvent, XmlHttpRequest};

use crate::{
    components::{Icon, failure_text},
    failure::Failure,
    preferences::use_locale,
    translations::{Locale, td_string},
    view::view,
    words,
};

/// How far an archive is.
#[derive(Clone, Debug, PartialEq)]
enum Stage {
    /// So many bytes are there.
    Sending(u64),
    /// All is there, and is looked at.
    Checking,
    /// It is an image of this service now.
    Taken(ServiceName),
    /// It was not taken.
    Refused(Failure),
}

/// One archive at a time. It goes on when the page is left.
#[derive(Clone, Copy)]
pub struct Upload {
    /// The file's name and length, and how far it is.
    shown: RwSignal<Option<(String, u64, Stage)>>,
    /// The server has none: it would be given back on another thread than that which made it.
    request: StoredValue<Option<SendWrapper<XmlHttpRequest>>>,
}

impl Upload {
    /// Nothing is on its way.
    pub fn new() -> Self {
        Self {
            shown: RwSignal::new(None),
            request: StoredValue::new(None),
        }
    }

    /// Sends an archive. Only the browser's older way of asking tells how much has been sent.
    pub fn begin(self, file: File, form: &ArchiveForm, taken: impl Fn() + 'static) {
        let length = file.size() as u64;
        self.abort();
        self.shown
            .set(Some((file.name(), length, Stage::Sending(0))));
        let Ok(request) = XmlHttpRequest::new() else {
            return self.end(Failure::Unreachable);
        };
        let wrapped = SendWrapper::new(request.clone());
        self.request.set_value(Some(wrapped));
        let progress = move |event: ProgressEvent| {
            let sent = event.loaded() as u64;
            let stage = if sent < length {
                Stage::Sending(sent)
            } else {
                Stage::Checking
            };
            self.go_on(stage);
        };
        let ended = {
            let request = request.clone();
            move |_: Event| match answer::<ImageService>(&request) {
                Ok(service) => {
                    if self.go_on(Stage::Taken(service.name)) {
                        taken();
                    }
                }
                Err(failure) => self.end(failure),
            }
        };
        if let Ok(upload) = request.upload() {
            upload.set_onprogress(Some(&listener(progress)));
        }
        request.set_onload(Some(&listener(ended)));
        request.set_onerror(Some(&listener(move |_: Event| {
            self.end(Failure::Unreachable);
        })));
        let address = format!("/fn/upload_service{}", query(form).to_query_string());
        if request
            .open("POST", &address)
            .and_then(|()| request.send_with_opt_blob(Some(&file)))
            .is_err()
        {
            self.end(Failure::Unreachable);
        }
    }

    /// Shows how far it is; false when the page is not there any more.
    fn go_on(self, stage: Stage) -> bool {
        let shown = self.shown.try_update(|shown| {
            if let Some((_, _, now)) = shown {
                *now = stage;
            }
        });
        shown.is_some()
    }

    fn end(self, failure: Failure) {
        self.go_on(Stage::Refused(failure));
    }

    /// Ends the request, if there is one. Nobody hears of it any more then.
    fn abort(self) {
        let request = self.request.try_update_value(Option::take).flatten();
        if let Some(request) = request {
            let _ = request.abort();
        }
    }

    /// Gives it up, or puts what came of it away.
    fn dismiss(self) {
        self.abort();
        self.shown.set(None);
    }
}

/// A function that the browser calls as long as it needs it.
fn listener<E: wasm_bindgen::convert::FromWasmAbi + 'static>(
    heard: impl FnMut(E) + 'static,
) -> js_sys::Function {
    Closure::<dyn FnMut(E)>::new(heard)
        .into_js_value()
        .unchecked_into()
}

/// What the server answered.
fn answer<T: DeserializeOwned>(request: &XmlHttpRequest) -> Result<T, Failure> {
    let text = request.response_text().ok().flatten().unwrap_or_default();
    let succeeded = request.status().is_ok_and(|status| status < 300);
    if succeeded {
        serde_json::from_slice(text.as_bytes()).map_err(|_| Failure::Misunderstood)
    } else {
        Err(serde_json::from_slice(text.as_bytes()).unwrap_or(Failure::Unreachable))
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

/// What is said about the archive, as the address says it.
fn query(form: &ArchiveForm) -> ParamsMap {
    let mut query = ParamsMap::new();
    for (name, value) in [
        ("name", form.name.as_ref().map(ToString::to_string)),
        ("label", form.label.clone()),
        ("description", form.description.clone()),
        ("level", form.level.map(|level| level.to_string())),
        ("log", form.log.clone()),
        ("events", form.events.map(|events| events.to_string())),
    ] {
        if let Some(value) = value {
            query.insert(name, value);
        }
    }
    for port in &form.port {
        query.insert("port", port.clone());
    }
    query
}

/// The archive that is on its way.
#[component]
pub fn UploadPanel(upload: Upload) -> impl IntoView {
    let locale = use_locale();
    let body = move |length: u64, stage: Stage| match stage {
        Stage::Sending(sent) => {
            let (done, all) = (words::size(locale, sent), words::size(locale, length));
            view! {
                <progress max=length.to_string() value=sent.to_string() aria-labelledby="upload"></progress>
                <p class="muted">{td_string!(locale, services.sent, sent = done, length = all)}</p>
            }
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
        Stage::Refused(failure) => view! {
            <div class="note red" role="alert">
                <Icon name="failed" />
                <p>{about(locale, &failure)} {failure_text(locale, &failure)}</p>
            </div>
        },
    };
    move || {
        upload.shown.get().map(|(name, length, stage)| {
            let under_way = matches!(stage, Stage::Sending(_));
            let dismiss = if under_way {
                td_string!(locale, action.cancel)
            } else {
                td_string!(locale, action.close)
            };
            view! {
                <section class="panel upload" aria-labelledby="upload">
                    <header>
                        <h2 id="upload">{name}</h2>
                        <button type="button" class="btn s ghost" on:click=move |_| upload.dismiss()>
                            {dismiss}
                        </button>
                    </header>
                    <div class="body stack">{body(length, stage)}</div>
                </section>
            }
        })
    }
}
