//! `/api/v1/sensors`: sensors and their enrolment.

use axum::{extract::State as Shared, http::Method};
use schemars::JsonSchema;
use serde::Deserialize;
use skep_model::{
    Refusal,
    console::NewSensor,
    ids::{InstanceId, SensorId},
    sensor::SensorEdit,
};

use super::{
    asking::{Answer, Body, Caller, Created, Id, Ids, Nothing, Query, Refused, json},
    describe::Described,
    groups::Removal,
    shapes::{Enrolment, LogTail, Page, Sample, Sensor},
};
use crate::router::State;

/// Its routes.
pub(super) fn routes(api: Described) -> Described {
    api.at(Method::GET, "/api/v1/sensors", "Sensors, by name", list)
        .at(Method::POST, "/api/v1/sensors", "Add a sensor", add)
        .at(Method::GET, "/api/v1/sensors/{id}", "A sensor", one)
        .at(
            Method::PATCH,
            "/api/v1/sensors/{id}",
            "Give a sensor another name or group",
            edit,
        )
        .at(
            Method::DELETE,
            "/api/v1/sensors/{id}",
            "Remove a sensor",
            remove,
        )
        .at(
            Method::GET,
            "/api/v1/sensors/{id}/history",
            "How a sensor was, oldest first",
            history,
        )
        .at(
            Method::GET,
            "/api/v1/sensors/{id}/instances/{instance}/log",
            "The last lines that an instance's container printed; the sensor is asked for them",
            log,
        )
        .at(
            Method::POST,
            "/api/v1/sensors/{id}/enrol",
            "Make a new command for a sensor",
            enrol_again,
        )
        .at(
            Method::POST,
            "/api/v1/sensors/{id}/revoke",
            "Take a sensor's key no longer",
            revoke,
        )
        .at(
            Method::POST,
            "/api/v1/sensors/{id}/poll",
            "Let a sensor say at once how it is",
            poll,
        )
}

/// For how long.
#[derive(Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Span {
    /// The last so many hours.
    #[schemars(range(min = 1, max = 336))]
    hours: u32,
}

impl Default for Span {
    fn default() -> Self {
        Self { hours: 24 }
    }
}

/// The sensors, by name.
async fn list(Shared(state): Shared<State>, Caller(actor): Caller) -> Answer<Page<Sensor>> {
    json(Page::whole(state.hub.sensors(&actor).await?))
}

/// A sensor.
async fn one(
    Shared(state): Shared<State>,
    Caller(actor): Caller,
    Id(id): Id<SensorId>,
) -> Answer<Sensor> {
    let sensors = state.hub.sensors(&actor).await?;
    let sensor = sensors.into_iter().find(|sensor| sensor.id == id);
    json(sensor.ok_or(Refusal::NotFound)?)
}

/// How a sensor was, oldest first.
async fn history(
    Shared(state): Shared<State>,
    Caller(actor): Caller,
    Id(id): Id<SensorId>,
    Query(span): Query<Span>,
) -> Answer<Page<Sample>> {
    let samples = state.hub.sensor_history(&actor, id, span.hours).await?;
    json(Page::whole(samples))
}

/// The last lines that an instance's container printed.
async fn log(
    Shared(state): Shared<State>,
    Caller(actor): Caller,
    Ids(id, instance): Ids<SensorId, InstanceId>,
) -> Answer<LogTail> {
    json(state.hub.instance_log(&actor, id, instance).await?)
}

/// Adds a sensor.
async fn add(
    Shared(state): Shared<State>,
    Caller(actor): Caller,
    Body(new): Body<NewSensor>,
) -> Result<Created<Enrolment>, Refused> {
    let enrolment = state.hub.add_sensor(&actor, new).await?;
    Ok(Created(enrolment.into()))
}

/// Gives a sensor another name or group.
async fn edit(
    Shared(state): Shared<State>,
    Caller(actor): Caller,
    Id(id): Id<SensorId>,
    Body(edit): Body<SensorEdit>,
) -> Result<Nothing, Refused> {
    state.hub.edit_sensor(&actor, id, edit).await?;
    Ok(Nothing)
}

/// Removes a sensor.
async fn remove(
    Shared(state): Shared<State>,
    Caller(actor): Caller,
    Id(id): Id<SensorId>,
    Query(removal): Query<Removal>,
) -> Result<Nothing, Refused> {
    state.hub.remove_sensor(&actor, id, removal.events).await?;
    Ok(Nothing)
}

/// A new command for a sensor.
async fn enrol_again(
    Shared(state): Shared<State>,
    Caller(actor): Caller,
    Id(id): Id<SensorId>,
) -> Result<Created<Enrolment>, Refused> {
    let enrolment = state.hub.enrol_again(&actor, id).await?;
    Ok(Created(enrolment.into()))
}

/// Takes a sensor's key no longer.
async fn revoke(
    Shared(state): Shared<State>,
    Caller(actor): Caller,
    Id(id): Id<SensorId>,
) -> Result<Nothing, Refused> {
    state.hub.revoke_sensor(&actor, id).await?;
    Ok(Nothing)
}

/// Lets a sensor say at once how it is.
async fn poll(
    Shared(state): Shared<State>,
    Caller(actor): Caller,
    Id(id): Id<SensorId>,
) -> Result<Nothing, Refused> {
    state.hub.call_sensor(&actor, id).await?;
    Ok(Nothing)
}
