//! The questions of the sensors page.

use leptos::{ev, prelude::*, task::spawn_local};
use skep_model::{
    ids::SensorId,
    sensor::{Presence, SensorView},
};

use super::{Open, State};
use crate::{
    answer::ask,
    components::{
        Awaited, CopyLine, Dialog, Field, Icon, Time, TimeForm, complaint_about, failure_text,
    },
    failure::Failure,
    preferences::use_locale,
    server,
    translations::td_string,
    view::view,
};

/// Whether a dialog is open, as a signal that it may close. What went wrong the last time is forgotten when it
/// opens again.
fn is_open(
    state: State,
    failure: RwSignal<Option<Failure>>,
    mine: fn(&Open) -> bool,
) -> RwSignal<bool> {
    let open = RwSignal::new(false);
    Effect::new(move |_| {
        let now = state.open.with(mine);
        if now {
            failure.set(None);
        }
        open.set(now);
    });
    Effect::new(move |_| {
        if !open.get() && state.open.with_untracked(mine) {
            state.open.set(Open::Nothing);
        }
    });
    open
}

#[component]
fn Problem(failure: RwSignal<Option<Failure>>) -> impl IntoView {
    let locale = use_locale();
    move || {
        failure
            .get()
            .filter(|failure| {
                !matches!(
                    failure,
                    Failure::Refused(skep_model::Refusal::Invalid { .. })
                )
            })
            .map(|failure| {
                view! {
                    <div class="note red" role="alert">
                        <Icon name="failed" />
                        <p>{failure_text(locale, &failure)}</p>
                    </div>
                }
            })
    }
}

#[component]
fn Cancel(open: RwSignal<bool>) -> impl IntoView {
    view! {
        <button type="button" class="btn" on:click=move |_| open.set(false)>
            {td_string!(use_locale(), action.cancel)}
        </button>
    }
}

/// Asks for name and group of a new sensor.
#[component]
pub fn AddSensor(state: State) -> impl IntoView {
    let locale = use_locale();
    let failure = RwSignal::new(None::<Failure>);
    let open = is_open(state, failure, |open| *open == Open::Add);
    let groups = ask(|| (), |()| server::groups());
    let add = ServerAction::<server::AddSensor>::new();
    Effect::new(move |_| match add.value().get() {
        Some(Ok(enrolment)) => {
            failure.set(None);
            state.open.set(Open::Command(enrolment));
            state.sensors.refetch();
        }
        Some(Err(error)) => failure.set(Some(error)),
        None => {}
    });
    let complaint = Signal::derive(move || {
        failure.with(|failure| complaint_about(locale, failure.as_ref(), "name"))
    });
    let options = move || {
        Suspend::new(async move {
            groups
                .await
                .unwrap_or_default()
                .into_iter()
                .map(|group| view! { <option value=group.id.to_string()>{group.name}</option> })
                .collect_view()
                .into_any()
        })
    };
    view! {
        <Dialog open labelled_by="add-title">
            <ActionForm action=add>
                <div class="in">
                    <h2 id="add-title">{td_string!(locale, sensors.add)}</h2>
                    <p class="muted">{td_string!(locale, sensors.add_text)}</p>
                    <Problem failure />
                    <Field name="name" label=td_string!(locale, field.name) hint=td_string!(locale, sensors.name_hint) required=true autofocus=true complaint />
                    <div class="field">
                        <label for="group">{td_string!(locale, field.group)}</label>
                        <select class="select" id="group" name="group" required=true>
                            <Awaited view=options />
                        </select>
                    </div>
                </div>
                <div class="foot">
                    <Cancel open />
                    <button type="submit" class="btn primary">
                        {td_string!(locale, sensors.add_submit)}
                    </button>
                </div>
            </ActionForm>
        </Dialog>
    }
}

/// Shows the command that starts a sensor, until it has called.
#[component]
pub fn ShowCommand(state: State) -> impl IntoView {
    let locale = use_locale();
    let open = is_open(state, RwSignal::new(None), |open| {
        matches!(open, Open::Command(_))
    });
    let body = move |open_now: Open| {
        let Open::Command(enrolment) = open_now else {
            return None;
        };
        Some(view! {
            <div class="in">
                <h2 id="command-title">{td_string!(locale, sensors.command)}</h2>
                <p class="muted">{td_string!(locale, sensors.command_text)}</p>
                <CopyLine id="enrol-command" text=enrolment.command />
                <p class="hint">
                    {td_string!(locale, sensors.good_until)} " "
                    <Time at=enrolment.expires_at form=TimeForm::Short />
                    ". "
                    {td_string!(locale, sensors.only_once)}
                </p>
                <Called state id=enrolment.sensor />
            </div>
            <div class="foot">
                <button type="button" class="btn primary" on:click=move |_| open.set(false)>
                    {td_string!(locale, action.done)}
                </button>
            </div>
        })
    };
    view! {
        <Dialog open labelled_by="command-title">
            {move || body(state.open.get())}
        </Dialog>
    }
}

/// Whether the sensor has called meanwhile.
#[component]
fn Called(state: State, id: SensorId) -> impl IntoView {
    let locale = use_locale();
    let online = RwSignal::new(false);
    Effect::new(move |_| {
        online.set(
            state
                .sensors
                .get()
                .and_then(Result::ok)
                .is_some_and(|sensors| {
                    sensors
                        .iter()
                        .any(|sensor| sensor.id == id && sensor.presence == Presence::Online)
                }),
        );
    });
    view! {
        <p role="status">
            {move || {
                let (class, icon, text) = if online.get() {
                    ("pres online", "running", td_string!(locale, sensors.called))
                } else {
                    ("pres waiting", "clock", td_string!(locale, sensors.not_called))
                };
                view! {
                    <span class=class>
                        <Icon name=icon />
                        {text}
                    </span>
                }
            }}
        </p>
    }
}

fn asked(open: &Open) -> Option<&SensorView> {
    match open {
        Open::Again(sensor) | Open::Revoke(sensor) => Some(sensor),
        _ => None,
    }
}

/// Asks before a sensor gets a new key.
#[component]
pub fn AskAgain(state: State) -> impl IntoView {
    let locale = use_locale();
    let failure = RwSignal::new(None::<Failure>);
    let open = is_open(state, failure, |open| matches!(open, Open::Again(_)));
    let submit = move |event: ev::SubmitEvent| {
        event.prevent_default();
        let Some(id) = state
            .open
            .with_untracked(|open| asked(open).map(|sensor| sensor.id))
        else {
            return;
        };
        spawn_local(async move {
            match server::enrol_again(id).await {
                Ok(enrolment) => {
                    failure.set(None);
                    state.open.set(Open::Command(enrolment));
                    state.sensors.refetch();
                }
                Err(error) => failure.set(Some(error)),
            }
        });
    };
    let name = move || {
        state
            .open
            .with(|open| asked(open).map(|sensor| sensor.name.clone()))
            .unwrap_or_default()
    };
    view! {
        <Dialog open labelled_by="again-title">
            <form on:submit=submit>
                <div class="in">
                    <h2 id="again-title">{move || td_string!(locale, sensors.again_title, name = name())}</h2>
                    <p>{td_string!(locale, sensors.again_text)}</p>
                    <Problem failure />
                </div>
                <div class="foot">
                    <Cancel open />
                    <button type="submit" class="btn primary">
                        {td_string!(locale, sensors.again)}
                    </button>
                </div>
            </form>
        </Dialog>
    }
}

/// Asks before a sensor's key is taken no longer.
#[component]
pub fn AskRevoke(state: State) -> impl IntoView {
    let locale = use_locale();
    let failure = RwSignal::new(None::<Failure>);
    let open = is_open(state, failure, |open| matches!(open, Open::Revoke(_)));
    let submit = move |event: ev::SubmitEvent| {
        event.prevent_default();
        let Some(id) = state
            .open
            .with_untracked(|open| asked(open).map(|sensor| sensor.id))
        else {
            return;
        };
        spawn_local(async move {
            match server::revoke_sensor(id).await {
                Ok(()) => {
                    failure.set(None);
                    state.open.set(Open::Nothing);
                    state.sensors.refetch();
                }
                Err(error) => failure.set(Some(error)),
            }
        });
    };
    let name = move || {
        state
            .open
            .with(|open| asked(open).map(|sensor| sensor.name.clone()))
            .unwrap_or_default()
    };
    view! {
        <Dialog open labelled_by="revoke-title">
            <form on:submit=submit>
                <div class="in">
                    <h2 id="revoke-title">{move || td_string!(locale, sensors.revoke_title, name = name())}</h2>
                    <p>{td_string!(locale, sensors.revoke_text)}</p>
                    <Problem failure />
                </div>
                <div class="foot">
                    <Cancel open />
                    <button type="submit" class="btn danger fill">
                        {td_string!(locale, sensors.revoke)}
                    </button>
                </div>
            </form>
        </Dialog>
    }
}
