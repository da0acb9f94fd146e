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
            let work = if manager && !archived {
                view! { <Edit event /> }
            } else {
                view! {
                    <p>{move || view! { <StatusMark status=event.row.with(|row| row.status) /> }}</p>
                    <p class="wrap">{move || event.comment.get()}</p>
                }
            };
            view! {
                {work}
                {manager.then(|| view! { <Leave id=event.id() number=event.row.with_untracked(|row| row.number) archived /> })}
            }
        })
    };
    view! {
        <section class="panel" aria-labelledby="work">
            <header>
                <h2 id="work">{td_string!(locale, event.work)}</h2>
            </header>
            <div class="body stack">
                <Awaited view=body />
            </div>
        </section>
    }
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

#[component]
fn Edit(event: Growing) -> impl IntoView {
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
    let toasts = expect_context::<Toasts>();
    let edit = move |edit: EventEdit| {
        let id = event.id();
        let (number, before) = event.row.with_untracked(|row| (row.number, row.status));
        saved.set(false);
        spawn_local(async move {
            let written = edit.comment.clone();
            match server::edit_event(id, edit).await {
                Ok(row) => {
                    failure.set(None);
                    event.take_row(&row);
                    if let Some(written) = written {
                        begun.set(written.clone());
                        kept.set(written);
                        saved.set(true);
                    } else if row.status != before {
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
                Err(error) => {
                    failure.set(Some(error));
                    // The select goes back to what holds.
                    event.row.notify();
                }
            }
        });
    };
    let choose = move |target: String| {
        if let Ok(status) = target.parse() {
            edit(EventEdit {
                status: Some(status),
                ..EventEdit::default()
            });
        }
    };
    let save = move |submitted: leptos::ev::SubmitEvent| {
        submitted.prevent_default();
        edit(EventEdit {
            status: None,
            comment: Some(text.get_untracked()),
            comment_before: Some(begun.get_untracked()),
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
    let length = move || text.with(|text| text.chars().count());
    let used =
        Signal::derive(move || td_string!(locale, event.used, n = length(), max = limits::COMMENT));
    view! {
        <div class="field">
            <label for="status">{td_string!(locale, field.status)}</label>
            <select class="select" id="status" on:change:target=move |change| choose(change.target().value())>
                {options}
            </select>
        </div>
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
