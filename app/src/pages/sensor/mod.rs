//! One sensor: how it is, how it was, what it runs.

mod dialogs;
mod history;

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_params_map;
use skep_model::{
    Refusal,
    ids::SensorId,
    sensor::{GroupRef, InstanceState, SensorView},
    user::Role,
};

use self::{
    dialogs::{EditSensor, RemoveSensor},
    history::History,
};
use crate::{
    Me,
    answer::{Answer, ask},
    components::{
        Attempt, Awaited, FailureNote, Icon, Loading, Page, PresenceMark, Problem, Time, Toasts,
        duration,
    },
    failure::Failure,
    live,
    preferences::use_locale,
    server,
    translations::td_string,
    view::view,
    words::{number, ports},
};

type Sensors = Answer<Vec<SensorView>>;
type Groups = Answer<Vec<GroupRef>>;

/// One sensor.
#[component]
pub fn Sensor() -> impl IntoView {
    let locale = use_locale();
    let me = expect_context::<Me>().0;
    let params = use_params_map();
    let id = Memo::new(move |_| {
        params.with(|params| params.get("id").and_then(|id| id.parse::<SensorId>().ok()))
    });
    let sensors: Sensors = ask(
        move || id.get(),
        |id| server::sensors_among(id.into_iter().collect()),
    );
    // Answers are numbered in the order of asking. What asks only after another answer is there would ask late on the
    // server and at once in the browser, which has that answer already.
    let groups: Groups = ask(|| (), |()| server::groups());
    Effect::new(move |_| {
        live::listen(move |message| {
            let ours = |sensors: &[SensorId]| {
                sensors.is_empty() || id.get_untracked().is_some_and(|id| sensors.contains(&id))
            };
            if message.sensors().is_some_and(ours) {
                sensors.refetch();
            }
        });
    });
    let title = td_string!(locale, field.sensor);
    let content = move || {
        Suspend::new(async move {
            let manager = me.await.is_ok_and(|me| me.role >= Role::Manager);
            match sensors.await {
                Ok(list) => match list.into_iter().find(|sensor| Some(sensor.id) == id.get()) {
                    Some(sensor) => view! { <Whole sensor sensors groups manager /> },
                    None => {
                        view! { <FailureNote failure=Failure::Refused(Refusal::NotFound) /> }
                    }
                },
                Err(failure) => view! { <FailureNote failure /> },
            }
        })
    };
    let name = move || {
        Suspend::new(async move {
            let list = sensors.await.unwrap_or_default();
            let found = list.into_iter().find(|sensor| Some(sensor.id) == id.get());
            found.map_or(title.to_owned(), |sensor| sensor.name)
        })
    };
    let history = move || id.get().map(|id| view! { <History id /> });
    let way = view! {
        <nav class="crumbs" aria-label=td_string!(locale, event.crumbs)>
            <a href="/sensors">{td_string!(locale, nav.sensors)}</a>
            <Icon name="right" small=true />
            <span aria-current="page">
                <Awaited view=name />
            </span>
        </nav>
    };
    view! {
        <Page title heading=way>
            <div class="stack">
                <Awaited view=content before=Loading />
                {history}
            </div>
        </Page>
    }
}

#[component]
fn Whole(sensor: SensorView, sensors: Sensors, groups: Groups, manager: bool) -> impl IntoView {
    let locale = use_locale();
    let (call, edit, remove) = (Attempt::new(), Attempt::new(), Attempt::new());
    let id = sensor.id;
    let toasts = expect_context::<Toasts>();
    let poll = move |_| {
        call.run(server::call_sensor(id), move |()| {
            sensors.refetch();
            toasts.tell(td_string!(locale, sensor.polled).to_owned());
        });
    };
    let events = format!("/events?sensor={id}&status=any");
    let subject = StoredValue::new(sensor.clone());
    view! {
        <Title text=format!("{} · Skep", sensor.name) />
        <section class="panel" aria-labelledby="sensor">
            <header>
                <h1 id="sensor">{sensor.name.clone()}</h1>
                <p>{sensor.group.name.clone()}</p>
                <div class="end acts">
                    <a class="btn s" href=events>
                        <Icon name="events" small=true />
                        {td_string!(locale, nav.events)}
                    </a>
                    <button type="button" class="btn s" on:click=poll>
                        <Icon name="refresh" small=true />
                        {td_string!(locale, sensor.poll)}
                    </button>
                    {manager
                        .then(|| {
                            view! {
                                <button type="button" class="btn s" on:click=move |_| edit.ask()>
                                    {td_string!(locale, action.edit)}
                                </button>
                                <button type="button" class="btn s danger" on:click=move |_| remove.ask()>
                                    {td_string!(locale, action.remove)}
                                </button>
                            }
                        })}
                </div>
            </header>
            <Problem failure=call.failure />
            <Facts sensor=sensor.clone() />
            <Services sensor />
        </section>
        {manager
            .then(|| {
                view! {
                    <EditSensor subject attempt=edit sensors groups />
                    <RemoveSensor subject attempt=remove />
                }
            })}
    }
}

#[component]
fn Facts(sensor: SensorView) -> impl IntoView {
    let locale = use_locale();
    let fact = |label: &'static str, value: AnyView| {
        view! {
            <div>
                <dt>{label}</dt>
                <dd>{value}</dd>
            </div>
        }
    };
    let since = sensor.since.map(|at| {
        let words = duration(locale, crate::words::now() - at);
        view! {
            " "
            <span class="faint">{td_string!(locale, sensors.since)} " " <Time at /> " (" {words} ")"</span>
        }
    });
    let state = view! {
        <PresenceMark presence=sensor.presence />
        {since}
    };
    let address = sensor.address.map(|address| address.to_string());
    let program = sensor
        .version
        .map(|version| format!("{version} · {}", sensor.architecture.unwrap_or_default()));
    view! {
        <dl class="facts inner">
            {fact(td_string!(locale, field.state), state)}
            {fact(td_string!(locale, field.address), view! { <span class="mono">{address}</span> })}
            {fact(td_string!(locale, field.version), program.into_any())}
            {fact(td_string!(locale, sensor.queue), number(locale, sensor.queued).into_any())}
            {fact(td_string!(locale, sensor.lost), number(locale, sensor.dropped).into_any())}
            {fact(td_string!(locale, sensor.added), view! { <Time at=sensor.created_at /> })}
        </dl>
    }
}

#[component]
fn Services(sensor: SensorView) -> impl IntoView {
    let locale = use_locale();
    let lines = sensor
        .instances
        .into_iter()
        .map(|instance| {
            let (class, icon, word) = match instance.state {
                InstanceState::Running => {
                    ("pres online", "running", td_string!(locale, sensors.running))
                }
                InstanceState::Scheduled => {
                    ("pres waiting", "clock", td_string!(locale, sensors.scheduled))
                }
                InstanceState::Failed => {
                    ("pres offline", "failed", td_string!(locale, sensors.failed))
                }
            };
            let ports = ports(&instance.placement.ports);
            view! {
                <tr>
                    <th scope="row" data-l=td_string!(locale, field.service)>{instance.service.to_string()}</th>
                    <td class="mono wrap" data-l=td_string!(locale, sensor.ports)>{ports}</td>
                    <td data-l=td_string!(locale, field.state)>
                        <span class=class>
                            <Icon name=icon />
                            {word}
                        </span>
                        {instance.reason.map(|reason| view! { " " <span class="faint">{reason}</span> })}
                    </td>
                </tr>
            }
        })
        .collect_view();
    view! {
        <table class="tbl cards">
            <caption class="vh">{td_string!(locale, field.services)}</caption>
            <thead>
                <tr>
                    <th scope="col">{td_string!(locale, field.service)}</th>
                    <th scope="col">{td_string!(locale, sensor.ports)}</th>
                    <th scope="col">{td_string!(locale, field.state)}</th>
                </tr>
            </thead>
            <tbody>{lines}</tbody>
        </table>
    }
}
