//! Working on several events at once.

use std::collections::BTreeMap;

use leptos::{prelude::*, task::spawn_local};
use skep_model::{Status, ids::EventId, user::Fate};

use super::list::List;
use crate::{
    components::{Attempt, Problem, Toasts, When},
    preferences::use_locale,
    server,
    translations::td_string,
    view::view,
    words,
};

/// Which rows are chosen.
#[derive(Clone, Copy)]
pub struct Selection(RwSignal<Vec<EventId>>);

impl Selection {
    /// None.
    pub fn new() -> Self {
        Self(RwSignal::new(vec![]))
    }

    /// Whether a row is one of them.
    pub fn has(self, id: EventId) -> bool {
        self.0.with(|chosen| chosen.contains(&id))
    }

    /// Chooses a row, or lets it go.
    pub fn set(self, id: EventId, chosen: bool) {
        self.0.update(|ids| {
            ids.retain(|other| *other != id);
            if chosen {
                ids.push(id);
            }
        });
    }

    /// Chooses all rows of the list, or none.
    fn all(self, list: List, chosen: bool) {
        let ids = list
            .rows
            .with_untracked(|rows| rows.iter().map(|row| row.id).collect());
        self.0.set(if chosen { ids } else { vec![] });
    }

    /// What can still be worked on: rows that went meanwhile are not.
    fn present(self, list: List) -> Vec<(EventId, Status)> {
        list.rows.with(|rows| {
            rows.iter()
                .filter(|row| self.has(row.id))
                .map(|row| (row.id, row.event.with_untracked(|event| event.status)))
                .collect()
        })
    }
}

/// The box in a row.
#[component]
pub fn Pick(selection: Selection, id: EventId, number: i64) -> impl IntoView {
    let locale = use_locale();
    view! {
        <input
            type="checkbox"
            aria-label=td_string!(locale, events.pick, number = number)
            prop:checked=move || selection.has(id)
            on:change:target=move |change| selection.set(id, change.target().checked())
        />
    }
}

/// The box above them.
#[component]
pub fn PickAll(selection: Selection, list: List) -> impl IntoView {
    let locale = use_locale();
    let all = move || {
        let shown = list.rows.with(Vec::len);
        shown > 0 && selection.present(list).len() == shown
    };
    view! {
        <input
            type="checkbox"
            aria-label=td_string!(locale, events.pick_all)
            prop:checked=all
            on:change:target=move |change| selection.all(list, change.target().checked())
        />
    }
}

/// What can be done with the chosen rows; nothing while there are none.
#[component]
pub fn Actions(selection: Selection, list: List) -> impl IntoView {
    let locale = use_locale();
    let toasts = expect_context::<Toasts>();
    let attempt = Attempt::new();
    let count = move || selection.present(list).len() as u64;
    let said =
        Signal::derive(move || td_string!(locale, events.chosen, count = count(), n = count()));
    let give = move |status: Status| {
        let before = selection.present(list);
        let ids = before.iter().map(|(id, _)| *id).collect();
        attempt.run(server::edit_events(ids, status), move |count| {
            selection.all(list, false);
            let word = words::status(locale, status);
            let text = td_string!(
                locale,
                events.status_toast,
                count = u64::from(count),
                n = count,
                status = word
            );
            toasts.say(text, move || take_back(before.clone()));
        });
    };
    let archive = move |_| {
        let ids: Vec<_> = selection
            .present(list)
            .into_iter()
            .map(|(id, _)| id)
            .collect();
        let work = server::take_events(ids.clone(), false, Fate::Archive);
        attempt.run(work, move |count| {
            selection.all(list, false);
            let text = td_string!(
                locale,
                events.archived_toast,
                count = u64::from(count),
                n = count
            );
            toasts.say(text, move || {
                let ids = ids.clone();
                spawn_local(async move {
                    let _ = server::restore_events(ids).await;
                });
            });
        });
    };
    let statuses = move || {
        [Status::InProgress, Status::Resolved, Status::Ignored]
            .map(|status| {
                view! {
                    <button type="button" class="btn s" on:click=move |_| give(status)>
                        {words::status(locale, status)}
                    </button>
                }
            })
            .collect_view()
    };
    view! {
        <When holds=move || { count() > 0 }>
            <div class="chosen" role="group" aria-label=said>
                <b>{said}</b>
                {statuses()}
                <button type="button" class="btn s" on:click=archive>
                    {td_string!(locale, event.archive)}
                </button>
                <button type="button" class="btn s ghost" on:click=move |_| selection.all(list, false)>
                    {td_string!(locale, events.choose_none)}
                </button>
                <Problem failure=attempt.failure />
            </div>
        </When>
    }
}

/// Gives events the statuses of before.
fn take_back(before: Vec<(EventId, Status)>) {
    let mut of: BTreeMap<Status, Vec<EventId>> = BTreeMap::new();
    for (id, status) in before {
        of.entry(status).or_default().push(id);
    }
    spawn_local(async move {
        for (status, ids) in of {
            let _ = server::edit_events(ids, status).await;
        }
    });
}
