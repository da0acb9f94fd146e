//! The first start: a password for the first user, and a group.

use leptos::prelude::*;
use skep_model::Refusal;

use crate::{
    components::{BarePage, Field, Icon, complaint_about, failure_text},
    failure::Failure,
    preferences::use_locale,
    server,
    translations::td_string,
    view::view,
};

/// The set-up form. It works without scripts.
#[component]
pub fn SetUp() -> impl IntoView {
    let locale = use_locale();
    let action = ServerAction::<server::SetUp>::new();
    let failure = super::form_failure(action);
    let complaint = move |field: &'static str| {
        Signal::derive(move || {
            failure.with(|failure| complaint_about(locale, failure.as_ref(), field))
        })
    };
    let message = move || match failure.get()? {
        Failure::Refused(Refusal::Invalid { .. }) => None,
        other => Some(failure_text(locale, &other)),
    };
    view! {
        <BarePage title=td_string!(locale, setup.title)>
            <div class="setup">
                <Intro />
                <div class="panel">
                    <ActionForm action=action>
                        <div class="body stack">
                            {move || {
                                message()
                                    .map(|text| {
                                        view! {
                                            <div class="note red" role="alert">
                                                <Icon name="failed" />
                                                <p>{text}</p>
                                            </div>
                                        }
                                    })
                            }}
                            <h2>{td_string!(locale, setup.account)}</h2>
                            <p class="hint">{td_string!(locale, setup.account_hint)}</p>
                            <div class="two">
                                <Field
                                    name="password"
                                    label=td_string!(locale, setup.password)
                                    kind="password"
                                    autocomplete="new-password"
                                    hint=td_string!(locale, setup.password_hint)
                                    required=true
                                    autofocus=true
                                    complaint=complaint("password")
                                />
                                <Field
                                    name="repeat"
                                    label=td_string!(locale, setup.repeat)
                                    kind="password"
                                    autocomplete="new-password"
                                    required=true
                                    complaint=complaint("repeat")
                                />
                            </div>
                            <Field
                                name="email"
                                label=td_string!(locale, setup.email)
                                kind="email"
                                autocomplete="email"
                                hint=td_string!(locale, setup.email_hint)
                                complaint=complaint("email")
                            />
                            <hr />
                            <Field
                                name="group"
                                label=td_string!(locale, setup.group)
                                value="default"
                                hint=td_string!(locale, setup.group_hint)
                                required=true
                                complaint=complaint("group")
                            />
                        </div>
                        <div class="foot">
                            <button class="btn primary" type="submit" aria-disabled=move || action.pending().get().then_some("true")>
                                {td_string!(locale, setup.submit)}
                            </button>
                            <span class="hint">{td_string!(locale, setup.next)}</span>
                        </div>
                    </ActionForm>
                </div>
            </div>
        </BarePage>
    }
}

/// What this is, and how far it is.
#[component]
fn Intro() -> impl IntoView {
    let locale = use_locale();
    let step =
        |icon: &'static str, class: &'static str, title: &'static str, text: &'static str| {
            view! {
                <li class=class>
                    <Icon name=icon />
                    <p>
                        <b>{title}</b>
                        <span>{text}</span>
                    </p>
                </li>
            }
        };
    view! {
        <div class="intro">
            <p class="lockup">
                <Icon name="skep" />
                <span>"Skep"</span>
            </p>
            <h1>{td_string!(locale, setup.title)}</h1>
            <p class="muted">{td_string!(locale, setup.text)}</p>
            <ol class="steps">
                {step("running", "done", td_string!(locale, setup.step_server), td_string!(locale, setup.step_server_text))}
                {step("st-progress", "now", td_string!(locale, setup.step_account), td_string!(locale, setup.step_account_text))}
                {step("st-new", "todo", td_string!(locale, setup.step_sensor), td_string!(locale, setup.step_sensor_text))}
            </ol>
        </div>
    }
}
