//! The questions of the sensors page.

use leptos::prelude::*;
use skep_model::{
    ids::SensorId,
    sensor::{Enrolment, Presence, SensorView},
};
use web_sys::FormData;

use super::State;
use crate::{
    answer::ask,
    components::{
        Attempt, Awaited, Choose, CopyLine, Dialog, Field, FormDialog, Icon, Time, TimeForm, text,
    },
    preferences::use_locale,
    server,
    translations::td_string,
    view::view,
};

/// Asks for name and group of a new sensor.
#[component]
pub fn AddSensor(state: State) -> impl IntoView {
    let locale = use_locale();
    let attempt = state.add;
    let groups = ask(|| (), |()| server::groups());
    let submit = Callback::new(move |data: FormData| {
        let Ok(group) = text(&data, "group").parse() else {
            return;
        };
        let work = server::add_sensor(text(&data, "name"), group);
        attempt.run(work, move |enrolment| state.show(enrolment));
    });
    let choice = move || {
        Suspend::new(async move {
            let choices: Vec<_> = groups
                .await
                .unwrap_or_default()
                .into_iter()
                .map(|group| (group.id.to_string(), group.name))
                .collect();
            let first = choices
                .first()
                .map(|(id, _)| id.clone())
                .unwrap_or_default();
            view! { <Choose name="group" label=td_string!(locale, field.group) choices current=first /> }
        })
    };
    view! {
        <FormDialog
            attempt
            id="add-title"
            title=Signal::derive(move || td_string!(locale, sensors.add).to_owned())
            submit=td_string!(locale, sensors.add_submit)
            fields=&["name"]
            on_submit=submit
        >
            <p class="muted">{td_string!(locale, sensors.add_text)}</p>
            <Field name="name" label=td_string!(locale, field.name) hint=td_string!(locale, sensors.name_hint) required=true autofocus=true complaint=attempt.about("name") />
            <Awaited view=choice />
        </FormDialog>
    }
}

/// Shows the command that starts a sensor, until it has called.
#[component]
pub fn ShowCommand(state: State) -> impl IntoView {
    let locale = use_locale();
    let open = state.shown;
    let body = move || {
        let enrolment: Enrolment = state.command.get()?;
        let here = ["//127.", "//localhost", "//[::1]"]
            .iter()
            .any(|host| enrolment.command.contains(host));
        Some(view! {
            <div class="in">
                <h2 id="command-title">{td_string!(locale, sensors.command)}</h2>
                <p class="muted">{td_string!(locale, sensors.command_text)}</p>
                {here
                    .then(|| {
                        view! {
                            <p class="note">
                                <Icon name="warn" />
                                {td_string!(locale, sensors.only_here)}
                            </p>
                        }
                    })}
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
            {body}
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

/// Asks before something is done to a sensor.
#[component]
fn Ask(
    attempt: Attempt,
    id: &'static str,
    subject: RwSignal<Option<SensorView>>,
    /// The question, with the sensor's name.
    title: fn(crate::translations::Locale, &str) -> String,
    text: &'static str,
    submit: &'static str,
    #[prop(optional)] danger: bool,
    /// Does it.
    act: Callback<SensorView>,
) -> impl IntoView {
    let locale = use_locale();
    let title = Signal::derive(move || {
        let name = subject.with(|sensor| sensor.as_ref().map(|sensor| sensor.name.clone()));
        title(locale, &name.unwrap_or_default())
    });
    let on_submit = Callback::new(move |_: FormData| {
        if let Some(sensor) = subject.get_untracked() {
            act.run(sensor);
        }
    });
    view! {
        <FormDialog attempt id title submit danger on_submit>
            <p>{text}</p>
        </FormDialog>
    }
}

/// Asks before a sensor gets a new key.
#[component]
pub fn AskAgain(state: State) -> impl IntoView {
    let locale = use_locale();
    let act = Callback::new(move |sensor: SensorView| {
        let work = server::enrol_again(sensor.id);
        state
            .again
            .run(work, move |enrolment| state.show(enrolment));
    });
    view! {
        <Ask
            attempt=state.again
            id="again-title"
            subject=state.subject
            title=|locale, name| td_string!(locale, sensors.again_title, name = name)
            text=td_string!(locale, sensors.again_text)
            submit=td_string!(locale, sensors.again)
            act
        />
    }
}

/// Asks before a sensor's key is taken no longer.
#[component]
pub fn AskRevoke(state: State) -> impl IntoView {
    let locale = use_locale();
    let act = Callback::new(move |sensor: SensorView| {
        let work = server::revoke_sensor(sensor.id);
        state.revoke.run(work, move |()| state.sensors.refetch());
    });
    view! {
        <Ask
            attempt=state.revoke
            id="revoke-title"
            subject=state.subject
            title=|locale, name| td_string!(locale, sensors.revoke_title, name = name)
            text=td_string!(locale, sensors.revoke_text)
            submit=td_string!(locale, sensors.revoke)
            danger=true
            act
        />
    }
}
