//! What matters now, and the last 24 hours.

mod chart;
mod lists;

use leptos::prelude::*;
use skep_model::console;

use self::{
    chart::{Hours, Split},
    lists::{Bars, SensorList, Urgent},
};
use crate::{
    answer::ask,
    components::{Awaited, FailureNote, Icon, Loading, Page, Raw},
    live::{self, Gathering},
    preferences::use_locale,
    server,
    translations::{Locale, td_string},
    view::view,
    words::{self, number},
};

/// The dashboard.
#[component]
pub fn Dashboard() -> impl IntoView {
    let locale = use_locale();
    let board = ask(|| (), |()| server::dashboard());
    let sensors = ask(|| (), |()| server::sensors());
    let of_sensors = Gathering::new(move || sensors.refetch());
    let numbers = Gathering::new(move || board.refetch());
    Effect::new(move |_| {
        live::listen(move |message| {
            if message.sensors().is_some() {
                of_sensors.note();
            }
            numbers.note();
        });
    });
    let title = td_string!(locale, nav.dashboard);
    let content = move || {
        Suspend::new(async move {
            match (board.await, sensors.await) {
                (Ok(board), Ok(sensors)) => {
                    let sensors = view! { <SensorList sensors /> };
                    view! { <Board board sensors /> }
                }
                (Err(failure), _) | (_, Err(failure)) => {
                    view! { <FailureNote failure /> }
                }
            }
        })
    };
    view! {
        <Page title heading=view! { <h1>{title}</h1> }>
            <Awaited view=content before=Loading />
        </Page>
    }
}

#[component]
fn Board(board: console::Dashboard, sensors: AnyView) -> impl IntoView {
    let locale = use_locale();
    let services = board
        .services
        .iter()
        .map(|(service, count)| {
            (
                format!("/events?service={service}&since=24h&status=any"),
                service.to_string().into_any(),
                *count,
            )
        })
        .collect();
    let sources = board
        .top_sources
        .iter()
        .map(|(source, count)| {
            let shown = view! { <span class="mono">{source.to_string()}</span> };
            (
                format!("/events?source={source}&since=24h&status=any"),
                shown,
                *count,
            )
        })
        .collect();
    let words_tried = |list: &[(skep_model::Bytes, u64)]| {
        list.iter()
            .map(|(value, count)| (String::new(), view! { <Raw bytes=value.clone() /> }, *count))
            .collect()
    };
    let users = words_tried(&board.users);
    let passwords = words_tried(&board.passwords);
    view! {
        <div class="stack">
            <Numbers board=board.clone() />
            <div class="grid">
                <Hours hours=board.hours.clone() />
                <Split hours=board.hours.clone() />
                <Urgent events=board.urgent />
                {sensors}
                <Bars title=td_string!(locale, dashboard.services) id="services" rows=services />
                <Bars title=td_string!(locale, dashboard.sources) id="sources" rows=sources />
                <Bars title=td_string!(locale, dashboard.users) id="users" rows=users />
                <Bars title=td_string!(locale, dashboard.passwords) id="passwords" rows=passwords />
            </div>
        </div>
    }
}

/// The five numbers.
#[component]
fn Numbers(board: console::Dashboard) -> impl IntoView {
    let locale = use_locale();
    let tile = |href: &'static str, name: &'static str, value: AnyView, about: AnyView| {
        view! {
            <a href=href>
                <span class="k">{name}</span>
                <span class="v">{value}</span>
                <span class="d">{about}</span>
            </a>
        }
    };
    let critical = if board.critical.number == 0 {
        td_string!(locale, dashboard.no_critical).into_any()
    } else {
        let text = td_string!(
            locale,
            dashboard.critical,
            count = board.critical.number,
            n = words::count(locale, board.critical)
        );
        view! {
            <span class="hot-red">
                <Icon name="sev-critical" small=true />
                {text}
            </span>
        }
    };
    let logins = td_string!(
        locale,
        dashboard.logins,
        count = board.logins,
        n = number(locale, board.logins)
    );
    let silent = board.sensors.saturating_sub(board.sensors_online);
    let quiet = if board.sensors == 0 {
        td_string!(locale, dashboard.no_sensor).into_any()
    } else if silent == 0 {
        td_string!(locale, dashboard.all_online).into_any()
    } else {
        let text = td_string!(
            locale,
            dashboard.silent,
            count = silent,
            n = number(locale, silent.into())
        );
        view! {
            <span class="hot">
                <Icon name="offline" small=true />
                {text}
            </span>
        }
    };
    let of = td_string!(
        locale,
        dashboard.of,
        n = number(locale, board.sensors.into())
    );
    view! {
        <section class="stats" aria-label=td_string!(locale, dashboard.numbers)>
            {tile("/events", td_string!(locale, dashboard.waiting), words::count(locale, board.waiting).into_any(), critical)}
            {tile(
                "/events?since=24h&status=any",
                td_string!(locale, dashboard.last_day),
                number(locale, board.last_day).into_any(),
                change(locale, board.last_day, board.day_before).into_any(),
            )}
            {tile(
                "/events?since=24h&status=any",
                td_string!(locale, dashboard.sources),
                words::count(locale, board.sources).into_any(),
                logins.into_any(),
            )}
            {tile(
                "/events?status=any",
                td_string!(locale, dashboard.total),
                words::count(locale, board.total).into_any(),
                td_string!(locale, dashboard.kept).into_any(),
            )}
            {tile(
                "/sensors",
                td_string!(locale, dashboard.online),
                view! { {number(locale, board.sensors_online.into())} " " <small>{of}</small> },
                quiet,
            )}
        </section>
    }
}

/// How the last day differs from the one before. Without a day before there is nothing to say.
fn change(locale: Locale, now: u64, before: u64) -> String {
    let base = number(locale, before);
    if before == 0 {
        td_string!(locale, dashboard.none_before).to_owned()
    } else if now >= before {
        let percent = ((now - before) * 100 / before).to_string();
        td_string!(locale, dashboard.more, percent = percent, base = base)
    } else {
        let percent = ((before - now) * 100 / before).to_string();
        td_string!(locale, dashboard.less, percent = percent, base = base)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_names_its_base() {
        assert_eq!(
            change(Locale::en, 118, 100),
            "18 % more than the 100 of the day before"
        );
        assert_eq!(
            change(Locale::en, 50, 100),
            "50 % fewer than the 100 of the day before"
        );
        assert_eq!(change(Locale::en, 5, 0), "none the day before");
    }
}
