//! Sensors, their groups, and what they run.

use leptos::{prelude::*, server_fn::codec::Json};
use skep_model::{
    ids::{GroupId, InstanceId, SensorId},
    sensor::{Enrolment, GroupRef, LogTail, SensorEdit, SensorSample, SensorView},
    user::Fate,
};

use crate::failure::Failure;

/// All sensors that the asker may see.
#[server(prefix = "/fn", endpoint = "sensors")]
pub async fn sensors() -> Result<Vec<SensorView>, Failure> {
    use super::asker;

    asker::hub()?
        .sensors(&asker::actor().await?)
        .await
        .map_err(asker::failure)
}

/// Those of these sensors that the asker may see; a thousand at most.
#[server(prefix = "/fn", endpoint = "sensors_among", input = Json)]
pub async fn sensors_among(sensors: Vec<SensorId>) -> Result<Vec<SensorView>, Failure> {
    use super::asker;

    asker::hub()?
        .sensors_among(&asker::actor().await?, &sensors)
        .await
        .map_err(asker::failure)
}

/// The groups that the asker belongs to.
#[server(prefix = "/fn", endpoint = "groups")]
pub async fn groups() -> Result<Vec<GroupRef>, Failure> {
    use super::asker;

    asker::hub()?
        .groups(&asker::actor().await?)
        .await
        .map_err(asker::failure)
}

/// Adds a sensor and returns the command that starts it.
#[server(prefix = "/fn", endpoint = "add_sensor")]
pub async fn add_sensor(name: String, group: GroupId) -> Result<Enrolment, Failure> {
    use super::asker;
    use skep_model::console::NewSensor;

    asker::hub()?
        .add_sensor(&asker::actor().await?, NewSensor { name, group })
        .await
        .map_err(asker::failure)
}

/// Returns a new command for a sensor; its key of before is taken until the new one is there.
#[server(prefix = "/fn", endpoint = "enrol_again")]
pub async fn enrol_again(sensor: SensorId) -> Result<Enrolment, Failure> {
    use super::asker;

    asker::hub()?
        .enrol_again(&asker::actor().await?, sensor)
        .await
        .map_err(asker::failure)
}

/// Takes a sensor's key no longer.
#[server(prefix = "/fn", endpoint = "revoke_sensor")]
pub async fn revoke_sensor(sensor: SensorId) -> Result<(), Failure> {
    use super::asker;

    asker::hub()?
        .revoke_sensor(&asker::actor().await?, sensor)
        .await
        .map_err(asker::failure)
}

/// Gives a sensor another name or group.
#[server(prefix = "/fn", endpoint = "edit_sensor", input = Json)]
pub async fn edit_sensor(sensor: SensorId, edit: SensorEdit) -> Result<(), Failure> {
    use super::asker;

    asker::hub()?
        .edit_sensor(&asker::actor().await?, sensor, edit)
        .await
        .map_err(asker::failure)
}

/// Removes a sensor; its events are archived or removed.
#[server(prefix = "/fn", endpoint = "remove_sensor", input = Json)]
pub async fn remove_sensor(sensor: SensorId, fate: Fate) -> Result<(), Failure> {
    use super::asker;

    asker::hub()?
        .remove_sensor(&asker::actor().await?, sensor, fate)
        .await
        .map_err(asker::failure)
}

/// Lets a sensor say at once how it is.
#[server(prefix = "/fn", endpoint = "call_sensor")]
pub async fn call_sensor(sensor: SensorId) -> Result<(), Failure> {
    use super::asker;

    asker::hub()?
        .call_sensor(&asker::actor().await?, sensor)
        .await
        .map_err(asker::failure)
}

/// How a sensor was over the last hours, oldest first.
#[server(prefix = "/fn", endpoint = "sensor_history")]
pub async fn sensor_history(sensor: SensorId, hours: u32) -> Result<Vec<SensorSample>, Failure> {
    use super::asker;

    asker::hub()?
        .sensor_history(&asker::actor().await?, sensor, hours)
        .await
        .map_err(asker::failure)
}

/// The end of what the container of an instance printed. Its sensor is asked, which takes a moment.
#[server(prefix = "/fn", endpoint = "instance_log")]
pub async fn instance_log(sensor: SensorId, instance: InstanceId) -> Result<LogTail, Failure> {
    use super::asker;

    asker::hub()?
        .instance_log(&asker::actor().await?, sensor, instance)
        .await
        .map_err(asker::failure)
}
