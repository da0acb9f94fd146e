//! A form in a dialog: it asks, tries, says what went wrong, and closes when it worked.

use leptos::{ev, prelude::*, task::spawn_local};
use skep_model::Refusal;
use wasm_bindgen::JsCast;
use web_sys::{FormData, HtmlFormElement};

use super::{Dialog, Icon, complaint_about, failure_text};
use crate::{failure::Failure, preferences::use_locale, translations::td_string, view::view};

/// A try to do something, and how it went.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Attempt {
    /// Whether what asks for it is open.
    pub open: RwSignal<bool>,
    /// What went wrong the last time.
    pub failure: RwSignal<Option<Failure>>,
    busy: RwSignal<bool>,
}

impl Attempt {
    /// Nothing was tried yet.
    #[must_use]
    pub fn new() -> Self {
        Self {
            open: RwSignal::new(false),
            failure: RwSignal::new(None),
            busy: RwSignal::new(false),
        }
    }

    /// Opens what asks for it.
    pub fn ask(self) {
        self.failure.set(None);
        self.open.set(true);
    }

    /// Does it, once at a time. When it worked, what asks closes, and `done` goes on with the outcome.
    pub fn run<T: 'static>(
        self,
        work: impl Future<Output = Result<T, Failure>> + 'static,
        done: impl FnOnce(T) + 'static,
    ) {
        if self.busy.get_untracked() {
            return;
        }
        self.busy.set(true);
        spawn_local(async move {
            let outcome = work.await;
            if self.busy.is_disposed() {
                return;
            }
            self.busy.set(false);
            match outcome {
                Ok(value) => {
                    self.failure.set(None);
                    self.open.set(false);
                    done(value);
                }
                Err(failure) => self.failure.set(Some(failure)),
            }
        });
    }

    /// What is wrong with a field.
    #[must_use]
    pub fn about(self, field: impl Into<Oco<'static, str>>) -> Signal<Option<String>> {
        let locale = use_locale();
        let field = field.into();
        Signal::derive(move || {
            self.failure
                .with(|failure| complaint_about(locale, failure.as_ref(), &field))
        })
    }
}

/// What went wrong, unless it is about one of the fields that stand below.
#[component]
pub fn Problem(
    /// What went wrong.
    #[prop(into)]
    failure: Signal<Option<Failure>>,
    /// The fields that say for themselves what is wrong with them.
    #[prop(optional)]
    fields: &'static [&'static str],
) -> impl IntoView {
    let locale = use_locale();
    move || {
        failure
            .get()
            .filter(|failure| match failure {
                Failure::Refused(Refusal::Invalid { field, .. }) => {
                    !fields.contains(&field.as_str())
                }
                _ => true,
            })
            .map(|failure| {
                view! {
                    <div class="note red" role="alert">
                        <Icon name="failed" />
                        <p>{failure_text(locale, &failure)}</p>
                    </div>
                }
            })
    }
}

/// A form in a dialog.
#[component]
pub fn FormDialog(
    /// What it tries.
    attempt: Attempt,
    /// The id of its heading.
    id: &'static str,
    /// Its heading.
    #[prop(into)]
    title: Signal<String>,
    /// The word on the button that does it.
    submit: &'static str,
    /// Whether that cannot be taken back.
    #[prop(optional)]
    danger: bool,
    /// The fields that say for themselves what is wrong with them.
    #[prop(optional)]
    fields: &'static [&'static str],
    /// Does it, with what the fields hold.
    on_submit: Callback<FormData>,
    /// Text and fields.
    children: ChildrenFn,
) -> impl IntoView {
    let locale = use_locale();
    let children = StoredValue::new(children);
    let submitted = move |event: ev::SubmitEvent| {
        if let Some(data) = submitted_data(&event) {
            on_submit.run(data);
        }
    };
    let class = if danger {
        "btn danger fill"
    } else {
        "btn primary"
    };
    view! {
        <Dialog open=attempt.open labelled_by=id>
            <form on:submit=submitted>
                <div class="in">
                    <h2 id=id>{move || title.get()}</h2>
                    {children.with_value(|children| children())}
                    <Problem failure=attempt.failure fields />
                </div>
                <div class="foot">
                    <button type="button" class="btn" on:click=move |_| attempt.open.set(false)>
                        {td_string!(locale, action.cancel)}
                    </button>
                    <button type="submit" class=class aria-disabled=move || attempt.busy.get().then_some("true")>
                        {submit}
                    </button>
                </div>
            </form>
        </Dialog>
    }
}

/// Boxes to tick, under one name.
#[component]
pub fn Checks(
    /// The name of all of them in the form.
    name: &'static str,
    /// What they are about.
    label: &'static str,
    /// A hint below them.
    #[prop(optional)]
    hint: Option<&'static str>,
    /// Values, words, and whether they are ticked at first.
    choices: Vec<(String, String, bool)>,
    /// What is wrong with them.
    #[prop(into)]
    complaint: Signal<Option<String>>,
) -> impl IntoView {
    let boxes = choices
        .into_iter()
        .map(|(value, word, ticked)| {
            view! {
                <label class="check">
                    <input type="checkbox" name=name value=value checked=ticked />
                    <span>{word}</span>
                </label>
            }
        })
        .collect_view();
    view! {
        <fieldset class="checks">
            <legend>{label}</legend>
            <div>{boxes}</div>
            {hint.map(|hint| view! { <p class="hint">{hint}</p> })}
            {move || {
                complaint
                    .get()
                    .map(|text| {
                        view! {
                            <p class="err" role="alert">
                                <Icon name="failed" small=true />
                                {text}
                            </p>
                        }
                    })
            }}
        </fieldset>
    }
}

/// A choice of one value.
#[component]
pub fn Choose(
    /// The field's name in the form, and its id.
    name: &'static str,
    /// Its label.
    label: &'static str,
    /// A hint below it.
    #[prop(optional)]
    hint: Option<&'static str>,
    /// Values with their words.
    choices: Vec<(String, String)>,
    /// The value at first.
    current: String,
) -> impl IntoView {
    let options = choices
        .into_iter()
        .map(|(value, word)| {
            let chosen = value == current;
            view! {
                <option value=value selected=chosen>
                    {word}
                </option>
            }
        })
        .collect_view();
    view! {
        <div class="field">
            <label for=name>{label}</label>
            <select class="select" id=name name=name aria-describedby=hint.map(|_| format!("{name}-hint"))>
                {options}
            </select>
            {hint.map(|hint| view! { <p class="hint" id=format!("{name}-hint")>{hint}</p> })}
        </div>
    }
}

/// What the fields of a form hold that is being submitted; the browser does nothing with it itself.
#[must_use]
pub fn submitted_data(event: &ev::SubmitEvent) -> Option<FormData> {
    event.prevent_default();
    let form: HtmlFormElement = event.target()?.dyn_into().ok()?;
    FormData::new_with_form(&form).ok()
}

/// A field's text.
#[must_use]
pub fn text(data: &FormData, name: &str) -> String {
    data.get(name).as_string().unwrap_or_default()
}

/// The values of a field that may stand in a form several times, as far as they can be read.
#[must_use]
pub fn several<T: std::str::FromStr>(data: &FormData, name: &str) -> Vec<T> {
    data.get_all(name)
        .iter()
        .filter_map(|value| value.as_string()?.parse().ok())
        .collect()
}
