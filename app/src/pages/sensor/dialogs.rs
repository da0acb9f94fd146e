//! Editing a sensor, and removing it.

use leptos::prelude::*;
use leptos_router::{NavigateOptions, hooks::use_navigate};
use skep_model::{
    sensor::{SensorEdit, SensorView},
    user::Fate,
};
use web_sys::FormData;

use super::{Groups, Sensors};
use crate::{
    components::{Attempt, Awaited, Choose, FateChoice, Field, FormDialog, text},
    preferences::use_locale,
    server,
    translations::td_string,
    view::view,
};

/// Name and group.
#[component]
pub fn EditSensor(
    subject: StoredValue<SensorView>,
    attempt: Attempt,
    sensors: Sensors,
    groups: Groups,
) -> impl IntoView {
    let locale = use_locale();
    let submit = Callback::new(move |data: FormData| {
        let sensor = subject.get_value();
        let edit = SensorEdit {
            name: text(&data, "name"),
            group: text(&data, "group").parse().unwrap_or(sensor.group.id),
        };
        attempt.run(server::edit_sensor(sensor.id, edit), move |()| {
            sensors.refetch();
        });
    });
    let fields = move || {
        let sensor = subject.get_value();
        let own = sensor.group.id.to_string();
        let choice = move || {
            let own = own.clone();
            Suspend::new(async move {
                let choices = groups
                    .await
                    .unwrap_or_default()
                    .into_iter()
                    .map(|group| (group.id.to_string(), group.name))
                    .collect();
                view! {
                    <Choose name="group" label=td_string!(locale, field.group) hint=td_string!(locale, sensor.group_hint) choices current=own />
                }
            })
        };
        view! {
            <Field name="name" label=td_string!(locale, field.name) value=sensor.name required=true autofocus=true complaint=attempt.about("name") />
            <Awaited view=choice />
        }
    };
    view! {
        <FormDialog
            attempt
            id="edit-sensor-title"
            title=Signal::derive(move || {
                td_string!(locale, sensor.edit_title, name = subject.with_value(|sensor| sensor.name.clone()))
            })
            submit=td_string!(locale, action.save)
            fields=&["name"]
            on_submit=submit
        >
            {fields}
        </FormDialog>
    }
}

/// Asks before a sensor is removed, and what becomes of its events.
#[component]
pub fn RemoveSensor(subject: StoredValue<SensorView>, attempt: Attempt) -> impl IntoView {
    let locale = use_locale();
    let navigate = StoredValue::new(use_navigate());
    let submit = Callback::new(move |data: FormData| {
        let fate = text(&data, "fate").parse().unwrap_or(Fate::Archive);
        let id = subject.with_value(|sensor| sensor.id);
        attempt.run(server::remove_sensor(id, fate), move |()| {
            navigate.with_value(|go| go("/sensors", NavigateOptions::default()));
        });
    });
    view! {
        <FormDialog
            attempt
            id="remove-sensor-title"
            title=Signal::derive(move || {
                td_string!(locale, users.remove_title, name = subject.with_value(|sensor| sensor.name.clone()))
            })
            submit=td_string!(locale, action.remove)
            danger=true
            on_submit=submit
        >
            <p>{td_string!(locale, sensor.remove_text)}</p>
            <FateChoice may_remove=true />
        </FormDialog>
    }
}
