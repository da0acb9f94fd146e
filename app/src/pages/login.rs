//! Logging in.

use leptos::prelude::*;
use leptos_router::hooks::use_query_map;
use skep_model::{Complaint, Refusal};

use crate::{
    components::{BarePage, Field, Icon, failure_text},
    failure::Failure,
    preferences::use_locale,
    server,
    translations::td_string,
    view::view,
};

/// The log-in form. It works without scripts.
#[component]
pub fn LogIn() -> impl IntoView {
    let locale = use_locale();
    let action = ServerAction::<server::LogIn>::new();
    let failure = super::form_failure(action);
    let to = use_query_map().with_untracked(|address| address.get("to"));
    let message = move || {
        failure.get().map(|failure| match failure {
            // The same words whichever of the two is wrong.
            Failure::Refused(Refusal::Invalid {
                complaint: Complaint::Wrong | Complaint::Empty,
                ..
            }) => td_string!(locale, login.wrong).to_owned(),
            other => failure_text(locale, &other),
        })
    };
    view! {
        <BarePage title=td_string!(locale, login.title)>
            <div class="gate">
                <p class="lockup">
                    <Icon name="skep" />
                    <span>"Skep"</span>
                </p>
                <div class="panel gatebox">
                    <h1>{td_string!(locale, login.title)}</h1>
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
                    <ActionForm action=action>
                        <div class="stack">
                            {to.map(|to| view! { <input type="hidden" name="to" value=to /> })}
                            <Field
                                name="name"
                                label=td_string!(locale, login.name)
                                autocomplete="username"
                                required=true
                                autofocus=true
                                complaint=None
                            />
                            <Field
                                name="password"
                                label=td_string!(locale, login.password)
                                kind="password"
                                autocomplete="current-password"
                                required=true
                                complaint=None
                            />
                            <button class="btn primary wide" type="submit" aria-disabled=move || action.pending().get().then_some("true")>
                                {td_string!(locale, login.submit)}
                            </button>
                        </div>
                    </ActionForm>
                </div>
            </div>
        </BarePage>
    }
}
