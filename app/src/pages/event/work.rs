//! What people do about an event: status and comment.

use leptos::{prelude::*, task::spawn_local};
use skep_model::{Status, console::EventEdit, ids::EventId, limits, user::Role};

use super::{Growing, leave::Leave};
use crate::{
    Me,
    components::{Awaited, FailureNote, Icon, StatusMark, Toasts},
    failure::Failure,
    preferences::use_locale,
    server,
    translations::td_string,
    view::view,
    words,
};

/// The panel of the work; who may only look sees it as text.
#[component]
pub fn Work(
    event: Growing,
    /// Whether it is in the archive: it can be read and removed then, and nothing else.
    archived: bool,
) -> impl IntoView {
    let locale = use_locale();
    let me = expect_context::<Me>().0;
    let body = move || {
        Suspend::new(async move {
            let manager = me.await.is_ok_and(|me| me.role >= Role::Manager);
            if manager && !archived {
                view! { <Remark event /> }
            } else {
                view! { <p class="wrap">{move || event.comment.get()}</p> }
            }
        })
    };
    view! {
        <section class="panel" aria-labelledby="work">
            <header>
                <h2 id="work">{td_string!(locale, event.work)}</h2>
            </header>
            <div class="body stack">
                <Decision event archived list="/events".to_owned() />
                <Awaited view=body />
            </div>
        </section>
    }
}

/// The status, and the ways off the list; who may only look sees the status.
#[component]
pub fn Decision(
    event: Growing,
    /// Whether it is in the archive.
    archived: bool,
    /// Where to go when the event has left the list.
    list: String,
) -> impl IntoView {
    let me = expect_context::<Me>().0;
    let body = move || {
        let list = list.clone();
        Suspend::new(async move {
            let manager = me.await.is_ok_and(|me| me.role >= Role::Manager);
            let status = if manager && !archived {
                view! { <StatusChoice event /> }
            } else {
                view! { <p>{move || view! { <StatusMark status=event.row.with(|row| row.status) /> }}</p> }
            };
            let (id, number) = event.row.with_untracked(|row| (row.id, row.number));
            view! {
                <div class="decision">
                    {status}
                    {manager.then(|| view! { <Leave id number archived list /> })}
                </div>
            }
        })
    };
    view! { <Awaited view=body /> }
}

/// Gives an event the status of before. Whoever sees the event hears of it.
fn take_back(id: EventId, before: Status) {
    spawn_local(async move {
        let edit = EventEdit {
            status: Some(before),
            ..EventEdit::default()
        };
        let _ = server::edit_event(id, edit).await;
    });
}

/// The status, to be chosen.
#[component]
fn StatusChoice(event: Growing) -> impl IntoView {
    let locale = use_locale();
    let failure = RwSignal::new(None::<Failure>);
    let toasts = expect_context::<Toasts>();
    let choose = move |chosen: String| {
        let Ok(status) = chosen.parse::<Status>() else {
            return;
        };
        let id = event.id();
        let (number, before) = event.row.with_untracked(|row| (row.number, row.status));
        spawn_local(async move {
            let edit = EventEdit {
                status: Some(status),
                ..EventEdit::default()
            };
            match server::edit_event(id, edit).await {
                Ok(row) => {
                    // The reader may have gone on to another event.
                    if !event.row.is_disposed() {
                        failure.set(None);
                        event.take_row(&row);
                    }
                    if row.status != before {
                        let status = words::status(locale, row.status);
                        let text = td_string!(
                            locale,
                            event.status_toast,
                            number = number,
                            status = status
                        );
                        toasts.say(text, move || take_back(id, before));
                    }
                }
                Err(_) if event.row.is_disposed() => {}
                Err(error) => {
                    failure.set(Some(error));
                    // The select goes back to what holds.
                    event.row.notify();
                }
            }
        });
    };
    let options = Status::ALL
        .iter()
        .copied()
        .map(|status| {
            let now = event.row.with_untracked(|row| row.status) == status;
            view! {
                <option
                    value=status.word()
                    selected=now
                    prop:selected=move || event.row.with(|row| row.status == status)
                >
                    {words::status(locale, status)}
                </option>
            }
        })
        .collect_view();
    view! {
        <div class="field">
            <label for="status">{td_string!(locale, field.status)}</label>
            <select class="select" id="status" on:change:target=move |change| choose(change.target().value())>
                {options}
            </select>
        </div>
        {move || failure.get().map(|failure| view! { <FailureNote failure /> })}
    }
}

/// The comment, to be written.
#[component]
fn Remark(event: Growing) -> impl IntoView {
    let locale = use_locale();
    let kept = event.comment;
    let comment = kept.get_untracked();
    let text = RwSignal::new(comment.clone());
    // What the writer began with; it follows what others write until something else is typed.
    let begun = RwSignal::new(comment.clone());
    Effect::new(move |_| {
        let now = kept.get();
        if text.get_untracked() == begun.get_untracked() {
            text.set(now.clone());
            begun.set(now);
        }
    });
    let overtaken = move || {
        (kept.get() != begun.get() && kept.get() != text.get()).then(|| {
            let take_over = move |_| begun.set(kept.get_untracked());
            view! {
                <div class="note" role="status">
                    <p class="wrap">{td_string!(locale, event.overtaken)} " " <q>{kept.get()}</q></p>
                    <button type="button" class="btn s" on:click=take_over>
                        {td_string!(locale, event.overwrite)}
                    </button>
                </div>
            }
        })
    };
    let saved = RwSignal::new(false);
    let failure = RwSignal::new(None::<Failure>);
    let save = move |submitted: leptos::ev::SubmitEvent| {
        submitted.prevent_default();
        let id = event.id();
        let written = text.get_untracked();
        let edit = EventEdit {
            status: None,
            comment: Some(written.clone()),
            comment_before: Some(begun.get_untracked()),
        };
        saved.set(false);
        spawn_local(async move {
            match server::edit_event(id, edit).await {
                Ok(row) => {
                    failure.set(None);
                    event.take_row(&row);
                    begun.set(written.clone());
                    kept.set(written);
                    saved.set(true);
                }
                Err(error) => failure.set(Some(error)),
            }
        });
    };
    let length = move || text.with(|text| text.chars().count());
    let used =
        Signal::derive(move || td_string!(locale, event.used, n = length(), max = limits::COMMENT));
    view! {
        <form class="stack" on:submit=save>
            <div class="field">
                <label for="comment">{td_string!(locale, event.comment)}</label>
                <textarea
                    class="area"
                    id="comment"
                    rows="4"
                    maxlength=limits::COMMENT.to_string()
                    aria-describedby="comment-used"
                    prop:value=move || text.get()
                    on:input:target=move |input| {
                        text.set(input.target().value());
                        saved.set(false);
                    }
                >
                    {comment}
                </textarea>
                <p class="hint" id="comment-used">
                    {used}
                </p>
            </div>
            {overtaken}
            <div class="acts">
                <button type="submit" class="btn primary" aria-disabled=move || (text.get() == kept.get()).then_some("true")>
                    {td_string!(locale, action.save)}
                </button>
                <span class="saved" role="status">
                    {move || {
                        saved
                            .get()
                            .then(|| {
                                view! {
                                    <Icon name="running" small=true />
                                    {td_string!(locale, action.saved)}
                                }
                            })
                    }}
                </span>
            </div>
        </form>
        {move || failure.get().map(|failure| view! { <FailureNote failure /> })}
    }
}
