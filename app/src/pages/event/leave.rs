//! Archiving an event, bringing it back, or removing it.

use leptos::{prelude::*, task::spawn_local};
use leptos_router::{
    NavigateOptions,
    hooks::{use_location, use_navigate},
};
use skep_model::{ids::EventId, user::Fate};
use web_sys::FormData;

use crate::{
    components::{Attempt, FormDialog, Problem, Toasts},
    preferences::use_locale,
    server,
    translations::td_string,
    view::view,
};

/// The buttons that take an event off the list. What can be undone is done at once.
#[component]
pub fn Leave(
    /// Which event.
    id: EventId,
    /// Its number.
    number: i64,
    /// Whether it is in the archive already.
    archived: bool,
    /// Where to go then.
    list: String,
) -> impl IntoView {
    let locale = use_locale();
    let (archive, remove) = (Attempt::new(), Attempt::new());
    let toasts = expect_context::<Toasts>();
    // The way back outlives this page.
    let navigate = use_navigate();
    let go = {
        let navigate = navigate.clone();
        move |address: &str| navigate(address, NavigateOptions::default())
    };
    let path = use_location().pathname;
    let leave = {
        let navigate = navigate.clone();
        move || {
            // The list may be there already, beside it: then it stays where it is.
            let scroll = path.get_untracked() != "/events";
            let options = NavigateOptions {
                scroll,
                ..NavigateOptions::default()
            };
            navigate(&list, options);
        }
    };
    let (leave_too, leave_again) = (leave.clone(), leave.clone());
    let to_archive = move |_| {
        let (go, leave) = (go.clone(), leave.clone());
        let work = server::take_events(vec![id], false, Fate::Archive);
        archive.run(work, move |_| {
            let text = td_string!(locale, event.archived_toast, number = number);
            toasts.say(text, move || {
                let go = go.clone();
                spawn_local(async move {
                    if server::restore_events(vec![id]).await.is_ok() {
                        go(&format!("/events/{id}"));
                    }
                });
            });
            leave();
        });
    };
    let back = move |_| {
        let leave = leave_too.clone();
        archive.run(server::restore_events(vec![id]), move |_| leave());
    };
    let submit = Callback::new(move |_: FormData| {
        let leave = leave_again.clone();
        let work = server::take_events(vec![id], archived, Fate::Remove);
        remove.run(work, move |_| leave());
    });
    let move_it = if archived {
        view! {
            <button type="button" class="btn s" on:click=back>
                {td_string!(locale, event.restore)}
            </button>
        }
    } else {
        view! {
            <button type="button" class="btn s" on:click=to_archive>
                {td_string!(locale, event.archive)}
            </button>
        }
    };
    view! {
        <div class="acts">
            {move_it}
            <button type="button" class="btn s danger" on:click=move |_| remove.ask()>
                {td_string!(locale, action.remove)}
            </button>
        </div>
        <Problem failure=archive.failure />
        <FormDialog
            attempt=remove
            id="remove-title"
            title=Signal::derive(move || td_string!(locale, event.remove_title).to_owned())
            submit=td_string!(locale, action.remove)
            danger=true
            on_submit=submit
        >
            <p>{td_string!(locale, event.remove_text)}</p>
        </FormDialog>
    }
}
