//! Archiving an event, or removing it.

use leptos::prelude::*;
use leptos_router::hooks::use_navigate;
use skep_model::{ids::EventId, user::Fate};
use web_sys::FormData;

use crate::{
    components::{Attempt, FormDialog},
    preferences::use_locale,
    server,
    translations::td_string,
    view::view,
};

/// The buttons that take an event off the list, each with its question.
#[component]
pub fn Leave(
    /// Which event.
    id: EventId,
    /// Whether it is in the archive already.
    archived: bool,
) -> impl IntoView {
    let locale = use_locale();
    let (archive, remove) = (Attempt::new(), Attempt::new());
    let navigate = StoredValue::new(use_navigate());
    let act = move |attempt: Attempt, fate: Fate| {
        Callback::new(move |_: FormData| {
            attempt.run(server::take_events(vec![id], archived, fate), move |_| {
                navigate.with_value(|go| go("/events", leptos_router::NavigateOptions::default()));
            });
        })
    };
    let title = |text: &'static str| Signal::derive(move || text.to_owned());
    view! {
        <div class="acts">
            {(!archived)
                .then(|| {
                    view! {
                        <button type="button" class="btn s" on:click=move |_| archive.ask()>
                            {td_string!(locale, event.archive)}
                        </button>
                    }
                })}
            <button type="button" class="btn s danger" on:click=move |_| remove.ask()>
                {td_string!(locale, action.remove)}
            </button>
        </div>
        <FormDialog
            attempt=archive
            id="archive-title"
            title=title(td_string!(locale, event.archive_title))
            submit=td_string!(locale, event.archive)
            on_submit=act(archive, Fate::Archive)
        >
            <p>{td_string!(locale, event.archive_text)}</p>
        </FormDialog>
        <FormDialog
            attempt=remove
            id="remove-title"
            title=title(td_string!(locale, event.remove_title))
            submit=td_string!(locale, action.remove)
            danger=true
            on_submit=act(remove, Fate::Remove)
        >
            <p>{td_string!(locale, event.remove_text)}</p>
        </FormDialog>
    }
}
