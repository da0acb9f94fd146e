//! The sensors: who they are, whether they can be heard, and how to get another one.

mod dialogs;
mod search;
mod table;

use leptos::prelude::*;
use leptos_router::hooks::use_query_map;
use skep_model::{sensor::Enrolment, sensor::SensorView, user::Role};

use self::{
    dialogs::{AddSensor, AskAgain, AskRevoke, ShowCommand},
    search::{Search, Wanted},
    table::SensorTable,
};
use crate::{
    Me,
    answer::{Answer, ask},
    components::{Attempt, Awaited, Empty, FailureNote, Icon, Loading, Page, When},
    live::{self, Gathering},
    preferences::use_locale,
    server,
    translations::td_string,
    view::view,
};

/// The page's own state, shared by its parts.
#[derive(Clone, Copy)]
struct State {
    sensors: Answer<Vec<SensorView>>,
    add: Attempt,
    again: Attempt,
    revoke: Attempt,
    /// The sensor that a question is about.
    subject: RwSignal<Option<SensorView>>,
    /// The command that starts a sensor, as long as it is shown.
    command: RwSignal<Option<Enrolment>>,
    shown: RwSignal<bool>,
}

impl State {
    /// Asks something about a sensor.
    fn ask(self, attempt: Attempt, sensor: SensorView) {
        self.subject.set(Some(sensor));
        attempt.ask();
    }

    /// Shows the command that starts a sensor.
    fn show(self, enrolment: Enrolment) {
        self.command.set(Some(enrolment));
        self.shown.set(true);
        self.sensors.refetch();
    }
}

/// The sensors.
#[component]
pub fn Sensors() -> impl IntoView {
    let locale = use_locale();
    let me = expect_context::<Me>().0;
    let state = State {
        sensors: ask(|| (), |()| server::sensors()),
        add: Attempt::new(),
        again: Attempt::new(),
        revoke: Attempt::new(),
        subject: RwSignal::new(None),
        command: RwSignal::new(None),
        shown: RwSignal::new(false),
    };
    let news = Gathering::new(move || state.sensors.refetch());
    Effect::new(move |_| {
        live::listen(move |message| {
            if message.sensors().is_some() {
                news.note();
            }
        });
    });
    let address = use_query_map();
    let wanted = Memo::new(move |_| address.with(Wanted::read));
    let welcome = move || address.with(|address| address.get("welcome").is_some());
    let title = td_string!(locale, nav.sensors);
    let add = move || {
        view! {
            <button type="button" class="btn primary" on:click=move |_| state.add.ask()>
                <Icon name="plus" />
                {td_string!(locale, sensors.add)}
            </button>
        }
    };
    let content = move || {
        Suspend::new(async move {
            let manager = me.await.is_ok_and(|me| me.role >= Role::Manager);
            match state.sensors.await {
                Ok(list) if list.is_empty() => {
                    view! {
                        <section class="panel">
                            <Empty icon="sensors" title=td_string!(locale, sensors.none) text=td_string!(locale, sensors.none_text)>
                                {manager.then(add)}
                            </Empty>
                        </section>
                    }
                }
                Ok(all) => {
                    let wanted = wanted.get();
                    let list: Vec<_> = all
                        .iter()
                        .filter(|sensor| wanted.fits(sensor))
                        .cloned()
                        .collect();
                    let table = if list.is_empty() {
                        view! {
                            <section class="panel">
                                <Empty icon="search" title=td_string!(locale, sensors.no_match) text=td_string!(locale, sensors.no_match_text) />
                            </section>
                        }
                    } else {
                        view! { <SensorTable list state manager /> }
                    };
                    view! {
                        {manager.then(|| view! { <div class="toolbar">{add()}</div> })}
                        {(all.len() > 1).then(|| view! { <Search sensors=all wanted /> })}
                        {table}
                    }
                }
                Err(failure) => view! { <FailureNote failure /> },
            }
        })
    };
    view! {
        <Page title heading=view! { <h1>{title}</h1> }>
            <Tabs matrix=false />
            <When holds=welcome>
                <p class="note green">
                    <Icon name="running" />
                    {move || {
                        let on_watch = state.sensors.get().and_then(Result::ok).is_some_and(|all| !all.is_empty());
                        if on_watch {
                            td_string!(locale, sensors.welcome_watch)
                        } else {
                            td_string!(locale, sensors.welcome)
                        }
                    }}
                </p>
            </When>
            <Awaited view=content before=Loading />
            <AddSensor state />
            <AskAgain state />
            <AskRevoke state />
            <ShowCommand state />
        </Page>
    }
}

/// Two views of the sensors: how each is, and what runs where.
#[component]
pub fn Tabs(
    /// Whether the matrix is open.
    matrix: bool,
) -> impl IntoView {
    let locale = use_locale();
    let tab = |href: &'static str, word: &'static str, here: bool| {
        view! {
            <a href=href aria-current=here.then_some("page")>
                {word}
            </a>
        }
    };
    view! {
        <nav class="tabs" aria-label=td_string!(locale, nav.sensors)>
            {tab("/sensors", td_string!(locale, matrix.list), !matrix)}
            {tab("/sensors/matrix", td_string!(locale, field.services), matrix)}
        </nav>
    }
}
