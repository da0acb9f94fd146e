//! The table of sensors.

use leptos::prelude::*;
use skep_model::sensor::{InstanceState, Presence, SensorView};

use super::State;
use crate::{
    components::{Icon, PresenceMark, Time},
    preferences::use_locale,
    translations::td_string,
    view::view,
    words::number,
};

/// All sensors with their state.
#[component]
pub fn SensorTable(list: Vec<SensorView>, state: State, manager: bool) -> impl IntoView {
    let locale = use_locale();
    let lines = list
        .into_iter()
        .map(|sensor| view! { <Line sensor state manager /> })
        .collect_view();
    view! {
        <section class="panel">
            <table class="tbl cards sensors">
                <caption class="vh">{td_string!(locale, nav.sensors)}</caption>
                <thead>
                    <tr>
                        <th scope="col">{td_string!(locale, field.name)}</th>
                        <th scope="col">{td_string!(locale, field.group)}</th>
                        <th scope="col">{td_string!(locale, field.state)}</th>
                        <th scope="col">{td_string!(locale, field.address)}</th>
                        <th scope="col">{td_string!(locale, field.version)}</th>
                        <th scope="col">{td_string!(locale, field.services)}</th>
                        {manager
                            .then(|| {
                                view! {
                                    <th scope="col">
                                        <span class="vh">{td_string!(locale, sensors.actions)}</span>
                                    </th>
                                }
                            })}
                    </tr>
                </thead>
                <tbody>{lines}</tbody>
            </table>
        </section>
    }
}

#[component]
fn Line(sensor: SensorView, state: State, manager: bool) -> impl IntoView {
    let locale = use_locale();
    let since = (sensor.presence == Presence::Offline)
        .then_some(sensor.since)
        .flatten()
        .map(|since| {
            view! {
                " "
                <span class="faint">{td_string!(locale, sensors.since)} " " <Time at=since /></span>
            }
        });
    let spool = (sensor.queued > 0).then(|| {
        let text = td_string!(
            locale,
            sensors.queued,
            count = sensor.queued,
            n = number(locale, sensor.queued)
        );
        view! { <p class="hint">{text}</p> }
    });
    let dropped = (sensor.dropped > 0).then(|| {
        let text = td_string!(
            locale,
            sensors.dropped,
            count = sensor.dropped,
            n = number(locale, sensor.dropped)
        );
        view! {
            <p class="hint hot">
                <Icon name="warn" small=true />
                {text}
            </p>
        }
    });
    let services = sensor
        .instances
        .iter()
        .map(|instance| {
            let (class, icon, word) = match instance.state {
                InstanceState::Running => (
                    "badge green",
                    "running",
                    td_string!(locale, sensors.running),
                ),
                InstanceState::Scheduled => {
                    ("badge low", "clock", td_string!(locale, sensors.scheduled))
                }
                InstanceState::Failed => {
                    ("badge red", "failed", td_string!(locale, sensors.failed))
                }
            };
            let ports = instance
                .placement
                .ports
                .iter()
                .map(|port| format!("{} {}", port.transport, port.number))
                .collect::<Vec<_>>()
                .join(", ");
            let reason = instance
                .reason
                .clone()
                .map(|reason| view! { <p class="hint">{reason}</p> });
            view! {
                <li>
                    <span class=class title=ports>
                        <Icon name=icon small=true />
                        {instance.service.to_string()}
                        <span class="vh">{format!(": {word}")}</span>
                    </span>
                    {reason}
                </li>
            }
        })
        .collect_view();
    let for_again = sensor.clone();
    let for_revoke = sensor.clone();
    let revoked = sensor.presence == Presence::Revoked;
    let name = sensor.name.clone();
    let again_label = td_string!(locale, sensors.again_for, name = name.as_str());
    let revoke_label = td_string!(locale, sensors.revoke_for, name = name.as_str());
    let actions = manager.then(|| {
        view! {
            <td class="acts">
                <button
                    type="button"
                    class="btn s"
                    title=again_label
                    on:click=move |_| state.ask(state.again, for_again.clone())
                >
                    {td_string!(locale, sensors.again)}
                </button>
                {(!revoked)
                    .then(|| {
                        view! {
                            <button
                                type="button"
                                class="btn s danger"
                                title=revoke_label
                                on:click=move |_| state.ask(state.revoke, for_revoke.clone())
                            >
                                {td_string!(locale, sensors.revoke)}
                            </button>
                        }
                    })}
            </td>
        }
    });
    view! {
        <tr data-sensor=sensor.id.to_string()>
            <th scope="row" data-l=td_string!(locale, field.name)>
                <a href=format!("/sensors/{}", sensor.id)>{sensor.name}</a>
            </th>
            <td data-l=td_string!(locale, field.group)>{sensor.group.name}</td>
            <td data-l=td_string!(locale, field.state)>
                <div>
                    <PresenceMark presence=sensor.presence />
                    {since}
                    {spool}
                    {dropped}
                </div>
            </td>
            <td data-l=td_string!(locale, field.address) class="mono">
                {sensor.address.map_or_else(|| "–".to_owned(), |address| address.to_string())}
            </td>
            <td data-l=td_string!(locale, field.version)>
                <div>
                    {sensor.version.unwrap_or_else(|| "–".to_owned())} " "
                    <span class="faint">{sensor.architecture}</span>
                </div>
            </td>
            <td data-l=td_string!(locale, field.services)>
                <ul class="chips">{services}</ul>
            </td>
            {actions}
        </tr>
    }
}
