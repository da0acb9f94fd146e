//! `GET /api/v1/sensors`.

use axum::{
    Extension, Json,
    extract::State as Shared,
    response::{IntoResponse, Response},
};
use serde_json::json;
use skep_hub::Actor;
use skep_model::{Refusal, Timestamp, sensor::SensorView};

use super::shapes::Page;
use crate::{router::State, routes::problem};

/// The sensors, by name.
pub(crate) async fn list(
    Shared(state): Shared<State>,
    Extension(actor): Extension<Option<Actor>>,
) -> Response {
    let Some(actor) = actor else {
        return problem::response(&Refusal::NotLoggedIn);
    };
    match state.hub.sensors(&actor).await {
        Ok(sensors) => Json(Page {
            items: sensors.iter().map(shape).collect(),
            next: None,
        })
        .into_response(),
        Err(error) => problem::response(&error.refusal()),
    }
}

fn shape(sensor: &SensorView) -> serde_json::Value {
    json!({
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
