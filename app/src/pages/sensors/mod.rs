//! The sensors: who they are, whether they can be heard, and how to get another one.

mod dialogs;
mod table;

use leptos::prelude::*;
use leptos_router::hooks::use_query_map;
use skep_model::{console::LiveMessage, sensor::Enrolment, sensor::SensorView, user::Role};

use self::{
    dialogs::{AddSensor, AskAgain, AskRevoke, ShowCommand},
    table::SensorTable,
};
use crate::{
    Me,
    answer::{Answer, ask},
    components::{Awaited, Empty, FailureNote, Icon, Loading, Page, When},
    live,
    preferences::use_locale,
    server,
    translations::td_string,
    view::view,
};

/// What stands in front of the page.
#[derive(Clone, Debug, PartialEq)]
enum Open {
    Nothing,
    Add,
    Again(SensorView),
    Revoke(SensorView),
    Command(Enrolment),
}

/// The page's own state, shared by its parts.
#[derive(Clone, Copy)]
struct State {
    sensors: Answer<Vec<SensorView>>,
    open: RwSignal<Open>,
}

/// The sensors.
#[component]
pub fn Sensors() -> impl IntoView {
    let locale = use_locale();
    let me = expect_context::<Me>().0;
    let state = State {
        sensors: ask(|| (), |()| server::sensors()),
        open: RwSignal::new(Open::Nothing),
    };
    Effect::new(move |_| {
        live::listen(move |message| {
            if matches!(message, LiveMessage::Sensors | LiveMessage::Resync) {
                state.sensors.refetch();
            }
        });
    });
    let address = use_query_map();
    let welcome = move || address.with(|address| address.get("welcome").is_some());
    let title = td_string!(locale, nav.sensors);
    let add = move || {
        view! {
            <button type="button" class="btn primary" on:click=move |_| state.open.set(Open::Add)>
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
                Ok(list) => {
                    view! {
                        {manager.then(|| view! { <div class="toolbar">{add()}</div> })}
                        <SensorTable list state manager />
                    }
                }
                Err(failure) => view! { <FailureNote failure /> },
            }
        })
    };
    view! {
        <Page title heading=view! { <h1>{title}</h1> }>
            <When holds=welcome>
                <p class="note green">
                    <Icon name="running" />
                    {td_string!(locale, sensors.welcome)}
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
