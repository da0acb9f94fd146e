//! The dashboard's lists.

use leptos::prelude::*;
use skep_model::{
    console::EventRow,
    sensor::{InstanceState, Presence, SensorView},
};

use crate::{
    components::{Empty, Icon, PresenceMark, SeverityMark, StatusMark, Summary, Time},
    preferences::use_locale,
    translations::td_string,
    view::view,
    words::number,
};

/// The newest events that want somebody.
#[component]
pub fn Urgent(events: Vec<EventRow>) -> impl IntoView {
    let locale = use_locale();
    let body = if events.is_empty() {
        view! {
            <Empty
                icon="running"
                title=td_string!(locale, dashboard.calm)
                text=td_string!(locale, dashboard.calm_text)
            />
        }
    } else {
        let lines = events
            .into_iter()
            .map(|event| {
                view! {
                    <li>
                        <a href=format!("/events/{}", event.id)>
                            <SeverityMark severity=event.severity />
                            <span class="b">
                                <Summary digest=event.digest />
                            </span>
                            <StatusMark status=event.status />
                            <span class="d">
                                <Time at=event.started_at />
                                <span>{event.sensor.name}</span>
                                <span>{event.service.to_string()}</span>
                                <span class="mono">{event.source.to_string()}</span>
                            </span>
                        </a>
                    </li>
                }
            })
            .collect_view();
        view! { <ul class="feed">{lines}</ul> }
    };
    view! {
        <section class="panel g8" aria-labelledby="urgent">
            <header>
                <h2 id="urgent">{td_string!(locale, dashboard.urgent)}</h2>
                <p>{td_string!(locale, dashboard.unresolved)}</p>
                <a class="btn s ghost end" href="/events?severity=critical,high">
                    {td_string!(locale, dashboard.all)}
                    <Icon name="right" small=true />
                </a>
            </header>
            {body}
        </section>
    }
}

/// The sensors, those that want somebody first.
#[component]
pub fn SensorList(mut sensors: Vec<SensorView>) -> impl IntoView {
    /// The most sensors listed.
    const LISTED: usize = 8;
    let locale = use_locale();
    sensors.sort_by_key(|sensor| match sensor.presence {
        Presence::Offline => 0,
        Presence::Waiting => 1,
        Presence::Online => 2,
        Presence::Revoked => 3,
    });
    let count = number(locale, sensors.len() as u64);
    let body = if sensors.is_empty() {
        view! {
            <Empty icon="sensors" title=td_string!(locale, sensors.none) text=td_string!(locale, sensors.none_text)>
                <a class="btn primary" href="/sensors">
                    {td_string!(locale, sensors.add)}
                </a>
            </Empty>
        }
    } else {
        let lines = sensors
            .into_iter()
            .take(LISTED)
            .map(|sensor| {
                let running = sensor
                    .instances
                    .iter()
                    .filter(|instance| instance.state == InstanceState::Running)
                    .map(|instance| instance.service.as_str())
                    .collect::<Vec<_>>()
                    .join(", ");
                view! {
                    <li>
                        <a href="/sensors">
                            <b>{sensor.name}</b>
                            <PresenceMark presence=sensor.presence />
                            <span class="d">{running}</span>
                        </a>
                    </li>
                }
            })
            .collect_view();
        view! { <ul class="health">{lines}</ul> }
    };
    view! {
        <section class="panel g4" aria-labelledby="sensors">
            <header>
                <h2 id="sensors">{td_string!(locale, nav.sensors)}</h2>
                <p>{count}</p>
            </header>
            {body}
        </section>
    }
}

/// A list of names with numbers and bars. A name with an address is a link.
#[component]
pub fn Bars(
    /// What is listed.
    title: &'static str,
    /// The panel's id.
    id: &'static str,
    /// Address (or nothing), name, number; most first.
    rows: Vec<(String, AnyView, u64)>,
) -> impl IntoView {
    let locale = use_locale();
    let most = rows.first().map_or(1, |row| row.2).max(1);
    let body = if rows.is_empty() {
        view! { <p class="body hint">{td_string!(locale, dashboard.nothing)}</p> }
    } else {
        let lines = rows
            .into_iter()
            .map(|(href, name, count)| {
                let inner = view! {
                    <span class="cut">{name}</span>
                    <span class="n">{number(locale, count)}</span>
                    <svg viewBox="0 0 100 3" preserveAspectRatio="none" aria-hidden="true">
                        <rect class="f-line" width="100" height="3"></rect>
                        <rect class="f-blue" width=(count * 100 / most).to_string() height="3"></rect>
                    </svg>
                };
                let line = if href.is_empty() {
                    view! { <span class="bar">{inner}</span> }
                } else {
                    view! { <a class="bar" href=href>{inner}</a> }
                };
                view! { <li>{line}</li> }
            })
            .collect_view();
        view! { <ul class="bars">{lines}</ul> }
    };
    view! {
        <section class="panel g3" aria-labelledby=id>
            <header>
                <h2 id=id>{title}</h2>
                <p>{td_string!(locale, dashboard.day)}</p>
            </header>
            {body}
        </section>
    }
}
