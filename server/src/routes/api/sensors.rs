//! `/api/v1/sensors`: sensors and their enrolment.

use axum::extract::State as Shared;
use serde::Deserialize;
use serde_json::json as object;
use skep_model::{
    Refusal, Timestamp,
    console::NewSensor,
    ids::SensorId,
    sensor::{Enrolment, SensorEdit, SensorView},
};

use super::{
    asking::{Answer, Body, Caller, Id, Query, created, done, json},
    groups::Removal,
    shapes::{Page, sample},
};
use crate::router::State;

/// For how long.
#[derive(Deserialize)]
pub(crate) struct Span {
    hours: Option<u32>,
}

/// The sensors, by name.
pub(crate) async fn list(Shared(state): Shared<State>, Caller(actor): Caller) -> Answer {
    let sensors = state.hub.sensors(&actor).await?;
    json(Page::whole(sensors.iter().map(shape).collect()))
}

/// A sensor.
pub(crate) async fn one(
    Shared(state): Shared<State>,
    Caller(actor): Caller,
    Id(id): Id<SensorId>,
) -> Answer {
    let sensors = state.hub.sensors(&actor).await?;
    let sensor = sensors.iter().find(|sensor| sensor.id == id);
    json(shape(sensor.ok_or(Refusal::NotFound)?))
}

/// How a sensor was, oldest first.
pub(crate) async fn history(
    Shared(state): Shared<State>,
    Caller(actor): Caller,
    Id(id): Id<SensorId>,
    Query(span): Query<Span>,
) -> Answer {
    let hours = span.hours.unwrap_or(24);
    let samples = state.hub.sensor_history(&actor, id, hours).await?;
    json(Page::whole(samples.iter().map(sample).collect()))
}

/// Adds a sensor.
pub(crate) async fn add(
    Shared(state): Shared<State>,
    Caller(actor): Caller,
    Body(new): Body<NewSensor>,
) -> Answer {
    created(enrolment(&state.hub.add_sensor(&actor, new).await?))
}

/// Gives a sensor another name or group.
pub(crate) async fn edit(
    Shared(state): Shared<State>,
    Caller(actor): Caller,
    Id(id): Id<SensorId>,
    Body(edit): Body<SensorEdit>,
) -> Answer {
    state.hub.edit_sensor(&actor, id, edit).await?;
    done()
}

/// Removes a sensor.
pub(crate) async fn remove(
    Shared(state): Shared<State>,
    Caller(actor): Caller,
    Id(id): Id<SensorId>,
    Query(removal): Query<Removal>,
) -> Answer {
    state.hub.remove_sensor(&actor, id, removal.events).await?;
    done()
}

/// A new command for a sensor.
pub(crate) async fn enrol_again(
    Shared(state): Shared<State>,
    Caller(actor): Caller,
    Id(id): Id<SensorId>,
) -> Answer {
    created(enrolment(&state.hub.enrol_again(&actor, id).await?))
}

/// Takes a sensor's key no longer.
pub(crate) async fn revoke(
    Shared(state): Shared<State>,
    Caller(actor): Caller,
    Id(id): Id<SensorId>,
) -> Answer {
    state.hub.revoke_sensor(&actor, id).await?;
    done()
}

/// Lets a sensor say at once how it is.
pub(crate) async fn poll(
    Shared(state): Shared<State>,
    Caller(actor): Caller,
    Id(id): Id<SensorId>,
) -> Answer {
    state.hub.call_sensor(&actor, id).await?;
    done()
}

fn enrolment(enrolment: &Enrolment) -> serde_json::Value {
    object!({
        "sensor": enrolment.sensor,
        "command": enrolment.command,
        "expires_at": enrolment.expires_at.to_rfc3339(),
    })
}

fn shape(sensor: &SensorView) -> serde_json::Value {
    object!({
        "id": sensor.id,
        "name": sensor.name,
        "group": sensor.group,
        "presence": sensor.presence,
        "since": sensor.since.map(Timestamp::to_rfc3339),
        "address": sensor.address,
        "version": sensor.version,
        "architecture": sensor.architecture,
        "queued": sensor.queued,
        "dropped": sensor.dropped,
        "services": sensor.instances,
        "created_at": sensor.created_at.to_rfc3339(),
    })
}
