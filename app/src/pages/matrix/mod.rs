//! The matrix: which services run on which sensors, and how.

mod bar;
mod board;
mod cell;
mod draft;
mod grid;
mod log;
mod placements;
mod ports;
mod profiles;
mod reading;
mod settings;

use leptos::prelude::*;
use leptos_router::hooks::use_query_map;
use skep_model::{sensor::SensorView, service::ServiceView, user::Role};

use self::{bar::PendingBar, board::Board, grid::Grid, placements::Placements, profiles::Profiles};
use super::sensors::Tabs;
use crate::{
    Me,
    answer::ask,
    components::{Awaited, Empty, FailureNote, Icon, Loading, Page, When},
    live,
    preferences::use_locale,
    server,
    translations::td_string,
    view::view,
};

/// The matrix.
#[component]
pub fn Matrix() -> impl IntoView {
    let locale = use_locale();
    let me = expect_context::<Me>().0;
    let sensors = ask(|| (), |()| server::sensors());
    let services = ask(|| (), |()| server::service_views());
    let title = td_string!(locale, matrix.title);
    let content = move || {
        Suspend::new(async move {
            let manager = me.await.is_ok_and(|me| me.role >= Role::Manager);
            match (sensors.await, services.await) {
                (Ok(sensors), Ok(_)) if sensors.is_empty() => view! {
                    <section class="panel">
                        <Empty icon="sensors" title=td_string!(locale, sensors.none) text=td_string!(locale, sensors.none_text)>
                            <a class="btn" href="/sensors">
                                {td_string!(locale, nav.sensors)}
                            </a>
                        </Empty>
                    </section>
                },
                (Ok(sensors), Ok(services)) => view! { <Whole sensors services manager /> },
                (Err(failure), _) | (_, Err(failure)) => view! { <FailureNote failure /> },
            }
        })
    };
    view! {
        <Page title heading=view! { <h1>{title}</h1> } flush=true>
            <Tabs matrix=true />
            <Awaited view=content before=Loading />
        </Page>
    }
}

#[component]
fn Whole(sensors: Vec<SensorView>, services: Vec<ServiceView>, manager: bool) -> impl IntoView {
    let board = Board::new(sensors, services, manager);
    Effect::new(move |_| live::listen(move |message| board.hear(message)));
    view! {
        <Tools board />
        <Grid board />
        <Legend />
        <PendingBar board />
        <Placements board />
    }
}

/// What stands above the matrix: which sensors, and ticking.
#[component]
fn Tools(board: Board) -> impl IntoView {
    let locale = use_locale();
    // The address can say which sensors to show; what is ticked must outlive another choice.
    let address = use_query_map();
    let given =
        |name: &str| address.with_untracked(|address| address.get(name).unwrap_or_default());
    board.text.set(given("text").to_lowercase());
    board.group.set(given("group"));
    let groups = std::iter::once((
        String::new(),
        td_string!(locale, matrix.all_groups).to_owned(),
    ))
    .chain(board.groups())
    .map(|(id, name)| {
        let chosen = board.group.with_untracked(|group| *group == id);
        view! {
            <option value=id selected=chosen>
                {name}
            </option>
        }
    })
    .collect_view();
    let done = move || board.editing.get();
    let edit = move |_| board.editing.update(|editing| *editing = !*editing);
    let word = move || {
        if board.editing.get() {
            td_string!(locale, matrix.lock)
        } else {
            td_string!(locale, matrix.edit)
        }
    };
    view! {
        <div class="listbar matrix-tools" role="search">
            <input
                class="input"
                type="search"
                aria-label=td_string!(locale, matrix.search)
                placeholder=td_string!(locale, matrix.search)
                value=board.text.get_untracked()
                on:input:target=move |event| board.text.set(event.target().value().trim().to_lowercase())
            />
            <select
                class="select"
                aria-label=td_string!(locale, field.group)
                on:change:target=move |event| board.group.set(event.target().value())
            >
                {groups}
            </select>
            <When holds=done>
                <Profiles board />
            </When>
            {board
                .manager
                .then(|| {
                    view! {
                        <button type="button" class="btn end" on:click=edit>
                            <Icon name="cog" small=true />
                            {word}
                        </button>
                    }
                })}
        </div>
    }
}

/// What the marks mean.
#[component]
fn Legend() -> impl IntoView {
    let locale = use_locale();
    let marks = [
        ("cell", "off", td_string!(locale, matrix.off)),
        ("cell blue", "clock", td_string!(locale, sensors.scheduled)),
        ("cell blue", "download", td_string!(locale, matrix.loading)),
        ("cell green", "running", td_string!(locale, sensors.running)),
        ("cell red", "failed", td_string!(locale, sensors.failed)),
        ("cell away", "offline", td_string!(locale, matrix.offline)),
        ("cell", "st-ignored", td_string!(locale, matrix.unfit)),
        ("cell pending", "plus", td_string!(locale, matrix.pending)),
    ]
    .into_iter()
    .map(|(class, mark, word)| {
        view! {
            <li>
                <span class=class data-mark=mark></span>
                {word}
            </li>
        }
    })
    .collect_view();
    view! { <ul class="legend">{marks}</ul> }
}
