//! Images on their way from other registries: how far they are, and what came of them.

use std::time::Duration;

use leptos::prelude::*;
use skep_model::service::{FetchState, FetchView};

use super::State;
use crate::{
    answer::ask,
    components::{Attempt, Awaited, Icon, Problem},
    preferences::use_locale,
    server,
    translations::td_string,
    view::view,
    words,
};

/// How often it is looked how far they are.
const LOOK: Duration = Duration::from_secs(1);

/// What is to be done about fetches.
#[derive(Clone, Copy)]
pub struct Fetches {
    /// Asks for another.
    pub ask: Attempt,
    /// Rises whenever it is to be looked how far they are.
    looks: RwSignal<u32>,
}

impl Fetches {
    /// Nothing is asked for yet.
    pub fn new() -> Self {
        Self {
            ask: Attempt::new(),
            looks: RwSignal::new(0),
        }
    }

    /// Looks how far they are, unless the page is gone.
    pub fn look(self) {
        self.looks.try_update(|looks| *looks += 1);
    }
}

/// The fetches, newest first; nothing where there are none.
#[component]
pub fn FetchPanels(state: State, fetches: Fetches) -> impl IntoView {
    let attempt = Attempt::new();
    let all = ask(move || fetches.looks.get(), |_| server::fetches());
    // How many were under way the last time: with fewer there is something new to see.
    let under_way = StoredValue::new(0);
    Effect::new(move |_| {
        let now = all.with(|all| match all {
            Some(Ok(all)) => all.iter().filter(|fetch| is_under_way(fetch)).count(),
            _ => 0,
        });
        if now < under_way.get_value() {
            state.refresh();
        }
        under_way.set_value(now);
        if now > 0 {
            set_timeout(move || fetches.look(), LOOK);
        }
    });
    let panels = move || {
        Suspend::new(async move {
            let all = all.await.unwrap_or_default();
            all.into_iter()
                .map(|fetch| view! { <Fetch fetch fetches attempt /> })
                .collect_view()
                .into_any()
        })
    };
    view! {
        <Awaited view=panels />
        <Problem failure=attempt.failure />
    }
}

fn is_under_way(fetch: &FetchView) -> bool {
    fetch.state == FetchState::Fetching
}

#[component]
fn Fetch(fetch: FetchView, fetches: Fetches, attempt: Attempt) -> impl IntoView {
    let locale = use_locale();
    let id = format!("fetch-{}", fetch.id);
    let heading = id.clone();
    let body = match fetch.state {
        FetchState::Fetching if fetch.total == 0 => view! {
            <progress aria-labelledby=id></progress>
            <p class="muted">{td_string!(locale, services.asking)}</p>
        },
        FetchState::Fetching => {
            let (done, length) = (
                words::size(locale, fetch.done),
                words::size(locale, fetch.total),
            );
            view! {
                <progress max=fetch.total.to_string() value=fetch.done.to_string() aria-labelledby=id></progress>
                <p class="muted">{td_string!(locale, services.sent, sent = done, length = length)}</p>
            }
        }
        FetchState::Done => view! {
            <p role="status" class="with-icon">
                <Icon name="running" />
                {td_string!(locale, services.taken, name = fetch.service.to_string())}
            </p>
            <p>
                <a href="/sensors/matrix">{td_string!(locale, services.to_matrix)}</a>
            </p>
        },
        FetchState::Failed => view! {
            <div class="note red" role="alert">
                <Icon name="failed" />
                <p>{fetch.reason.clone()}</p>
            </div>
        },
    };
    let word = if is_under_way(&fetch) {
        td_string!(locale, action.cancel)
    } else {
        td_string!(locale, action.close)
    };
    let end = move |_| attempt.run(server::end_fetch(fetch.id), move |()| fetches.look());
    view! {
        <section class="panel upload" aria-labelledby=heading.clone()>
            <header>
                <h2 id=heading.clone() class="mono">
                    {fetch.reference}
                </h2>
                <button type="button" class="btn s ghost" on:click=end>
                    {word}
                </button>
            </header>
            <div class="body stack">{body}</div>
        </section>
    }
}
