//! A field of a form: label, control, hint, complaint.

use leptos::prelude::*;
use skep_model::Refusal;

use super::Icon;
use crate::{failure::Failure, translations::Locale, view::view};

/// The complaint about one field, where there is one.
#[must_use]
pub fn complaint_about(locale: Locale, failure: Option<&Failure>, wanted: &str) -> Option<String> {
    match failure? {
        Failure::Refused(Refusal::Invalid { field, complaint }) if field == wanted => {
            Some(crate::words::complaint(locale, *complaint))
        }
        _ => None,
    }
}

/// A text field with its label; a complaint stands under it and is tied to it.
#[component]
pub fn Field(
    /// The field's name in the form, and its id.
    #[prop(into)]
    name: Oco<'static, str>,
    /// Its label.
    #[prop(into)]
    label: Oco<'static, str>,
    /// Its type.
    #[prop(default = "text")]
    kind: &'static str,
    /// What a browser may fill in.
    #[prop(default = "off")]
    autocomplete: &'static str,
    /// Which files it offers, if it is for one.
    #[prop(optional)]
    accept: Option<&'static str>,
    /// What stands in it at first.
    #[prop(optional, into)]
    value: String,
    /// A hint below it.
    #[prop(optional)]
    hint: Option<&'static str>,
    /// Whether it must be filled in.
    #[prop(optional)]
    required: bool,
    /// Whether it has the focus first.
    #[prop(optional)]
    autofocus: bool,
    /// What is wrong with it.
    #[prop(into)]
    complaint: Signal<Option<String>>,
) -> impl IntoView {
    let (error_id, hint_id) = (format!("{name}-error"), format!("{name}-hint"));
    let described = {
        let (error_id, hint_id) = (error_id.clone(), hint_id.clone());
        Signal::derive(move || {
            complaint
                .with(Option::is_some)
                .then(|| error_id.clone())
                .or_else(|| hint.map(|_| hint_id.clone()))
        })
    };
    view! {
        <div class="field">
            <label for=name.clone()>{label}</label>
            <input
                class="input"
                id=name.clone()
                name=name
                type=kind
                accept=accept
                autocomplete=autocomplete
                value=value
                required=required
                autofocus=autofocus
                aria-invalid=move || complaint.with(Option::is_some).then_some("true")
                aria-describedby=described
            />
            {hint.map(|hint| view! { <p class="hint" id=hint_id>{hint}</p> })}
            {move || {
                complaint
                    .get()
                    .map(|text| {
                        view! {
                            <p class="err" id=error_id.clone() role="alert">
                                <Icon name="failed" small=true />
                                {text}
                            </p>
                        }
                    })
            }}
        </div>
    }
}
