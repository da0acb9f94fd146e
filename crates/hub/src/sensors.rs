//! The sensors page: list, add, enrol again, revoke.

use std::{collections::HashMap, net::IpAddr, time::Duration};

use skep_model::{
    Complaint, Refusal, Timestamp,
    console::NewSensor,
    ids::{InstanceId, SensorId},
    listen::Listen,
    sensor::{Enrolment, InstanceState, InstanceView, Presence, SensorEdit, SensorView},
    service::Settings,
    user::{Fate, Role},
};
use skep_protocol::{
    catalogue,
    token::{EnrolmentToken, Trust},
};
use skep_store::{NewInstance, SensorRow};

use crate::{Actor, Hub, HubError, images::Withheld, poll::report_of, secrets};

/// How long an enrolment token is good.
const TOKEN_LIFE: Duration = Duration::from_hours(1);
/// The most sensors that can be asked for by id.
const AT_ONCE: usize = 1000;

impl Hub {
    /// The sensors that the actor sees, by name.
    pub async fn sensors(&self, actor: &Actor) -> Result<Vec<SensorView>, HubError> {
        actor.require(Role::Observer)?;
        let sensors = self.0.store.sensors(&actor.scope).await?;
        self.views(sensors, None).await
    }

    /// Those of these sensors that the actor sees, by name.
    pub async fn sensors_among(
        &self,
        actor: &Actor,
        ids: &[SensorId],
    ) -> Result<Vec<SensorView>, HubError> {
        actor.require(Role::Observer)?;
        if ids.len() > AT_ONCE {
            let max = AT_ONCE as u32;
            return Err(HubError::invalid("sensors", Complaint::TooMany { max }));
        }
        let sensors = self.0.store.sensors_among(&actor.scope, ids).await?;
        self.views(sensors, Some(ids)).await
    }

    async fn views(
        &self,
        sensors: Vec<SensorRow>,
        ids: Option<&[SensorId]>,
    ) -> Result<Vec<SensorView>, HubError> {
        let mut instances: HashMap<SensorId, Vec<NewInstance>> = HashMap::new();
        for row in self.0.store.instances(ids).await? {
            if row.removed_at.is_none() {
                instances.entry(row.sensor).or_default().push(row.instance);
            }
        }
        let withheld = self.withheld().await?;
        let now = Timestamp::now();
        Ok(sensors
            .into_iter()
            .map(|sensor| {
                let instances = instances.remove(&sensor.id).unwrap_or_default();
                self.view(sensor, instances, &withheld, now)
            })
            .collect())
    }

    fn view(
        &self,
        sensor: SensorRow,
        instances: Vec<NewInstance>,
        withheld: &Withheld,
        now: Timestamp,
    ) -> SensorView {
        let (presence, since) = self.presence(&sensor, now);
        let instances = instances
            .into_iter()
            .map(|instance| {
                // Sensors are not told of what they shall not run.
                let withheld = withheld
                    .get(&instance.service)
                    .and_then(|revisions| revisions.get(&instance.revision));
                let report = report_of(&sensor, instance.id).filter(|_| withheld.is_none());
                let state = match withheld {
                    Some(_) => InstanceState::Failed,
                    None => report.map_or(InstanceState::Scheduled, |report| report.state),
                };
                let said = || report.and_then(|report| report.reason.clone());
                InstanceView {
                    id: instance.id,
                    revision: instance.revision,
                    placement: instance.placement(),
                    service: instance.service,
                    state,
                    reason: withheld.cloned().or_else(said),
                    progress: report.and_then(|report| report.progress.map(|n| n.min(100))),
                }
            })
            .collect();
        let status = sensor.status.unwrap_or_default();
        let called = sensor.last_seen_at.is_some();
        SensorView {
            id: sensor.id,
            name: sensor.name,
            group: sensor.group,
            presence,
            since,
            address: sensor.address,
            version: called.then_some(status.version),
            architecture: called.then_some(status.architecture),
            queued: status.queued,
            dropped: status.dropped,
            instances,
            created_at: sensor.created_at,
        }
    }

    /// Adds a sensor with the built-in services on their usual ports, and makes its one-time token.
    pub async fn add_sensor(&self, actor: &Actor, new: NewSensor) -> Result<Enrolment, HubError> {
        self.add_sensor_on(actor, new, &Listen::ANYWHERE).await
    }

    async fn add_sensor_on(
        &self,
        actor: &Actor,
        new: NewSensor,
        address: &Listen,
    ) -> Result<Enrolment, HubError> {
        actor.require(Role::Manager)?;
        let name = crate::accounts::name("name", &new.name)?;
        if !actor.sees(new.group) {
            return Err(HubError::invalid("group", Complaint::Unknown));
        }
        if !self
            .groups(actor)
            .await?
            .iter()
            .any(|group| group.id == new.group)
        {
            return Err(HubError::invalid("group", Complaint::Unknown));
        }
        let id = SensorId::new();
        let token = self.token();
        let mut audit = actor.audit("create", "sensor", name.clone());
        audit.after = Some(serde_json::json!({ "id": id, "group": new.group }));
        let expires_at = audit.at.after(TOKEN_LIFE);
        let instances = self.first_instances(address);
        let created = self
            .0
            .store
            .create_sensor(
                id,
                &name,
                new.group,
                &instances,
                &secrets::hash(&token.secret),
                expires_at,
                &audit,
            )
            .await;
        created.map_err(HubError::of_name)?;
        self.0.live.sensors(new.group, vec![id]);
        Ok(self.enrolment(id, &token, expires_at))
    }

    /// Makes a new one-time token for a sensor. Its key stays good until the token is used.
    pub async fn enrol_again(&self, actor: &Actor, id: SensorId) -> Result<Enrolment, HubError> {
        actor.require(Role::Manager)?;
        let sensor = self.stored_sensor(actor, id).await?;
        let token = self.token();
        let audit = actor.audit("enrol again", "sensor", sensor.name);
        let expires_at = audit.at.after(TOKEN_LIFE);
        self.0
            .store
            .renew_enrolment(id, &secrets::hash(&token.secret), expires_at, &audit)
            .await?;
        let mut enrolment = self.enrolment(id, &token, expires_at);
        // Without this a sensor that has a key already keeps to it.
        enrolment.command.push_str(" --enrol-again");
        Ok(enrolment)
    }

    /// Stops taking a sensor's key.
    pub async fn revoke_sensor(&self, actor: &Actor, id: SensorId) -> Result<(), HubError> {
        actor.require(Role::Manager)?;
        let sensor = self.stored_sensor(actor, id).await?;
        self.0
            .store
            .revoke_sensor(id, &actor.audit("revoke", "sensor", sensor.name))
            .await?;
        self.0.presence.wake(id);
        self.0.live.sensors(sensor.group.id, vec![id]);
        Ok(())
    }

    /// Gives a sensor another name or group.
    pub async fn edit_sensor(
        &self,
        actor: &Actor,
        id: SensorId,
        edit: SensorEdit,
    ) -> Result<(), HubError> {
        actor.require(Role::Manager)?;
        let before = self.stored_sensor(actor, id).await?;
        let name = crate::accounts::name("name", &edit.name)?;
        let groups = self.groups(actor).await?;
        if !groups.iter().any(|group| group.id == edit.group) {
            return Err(HubError::invalid("group", Complaint::Unknown));
        }
        let mut audit = actor.audit("edit", "sensor", name.clone());
        audit.before = Some(serde_json::json!({ "name": before.name, "group": before.group.id }));
        audit.after = Some(serde_json::json!({ "name": name, "group": edit.group }));
        let edited = self.0.store.edit_sensor(id, &name, edit.group, &audit);
        edited.await.map_err(HubError::of_name)?;
        self.0.live.sensors(before.group.id, vec![id]);
        self.0.live.sensors(edit.group, vec![id]);
        Ok(())
    }

    /// Removes a sensor; its events are archived or removed. Managers may be kept from it by the settings.
    pub async fn remove_sensor(
        &self,
        actor: &Actor,
        id: SensorId,
        fate: Fate,
    ) -> Result<(), HubError> {
        actor.require(Role::Manager)?;
        let settings = self.settings();
        if !settings.managers_remove_sensors
            || (fate == Fate::Remove && !settings.managers_remove_events)
        {
            actor.require(Role::Admin)?;
        }
        let sensor = self.stored_sensor(actor, id).await?;
        let mut audit = actor.audit("remove", "sensor", sensor.name);
        audit.after = Some(serde_json::json!({ "events": fate }));
        self.0.store.remove_sensor(id, fate, &audit).await?;
        self.0.presence.wake(id);
        self.0.live.sensors(sensor.group.id, vec![id]);
        self.0.clearing.notify_one();
        Ok(())
    }

    /// Lets a sensor say at once how it is.
    pub async fn call_sensor(&self, actor: &Actor, id: SensorId) -> Result<(), HubError> {
        actor.require(Role::Observer)?;
        self.stored_sensor(actor, id).await?;
        self.0.presence.call(id);
        Ok(())
    }

    pub(crate) async fn stored_sensor(
        &self,
        actor: &Actor,
        id: SensorId,
    ) -> Result<SensorRow, HubError> {
        let sensor = self.0.store.sensor(&actor.scope, id).await?;
        Ok(sensor.ok_or(Refusal::NotFound)?)
    }

    /// The sensor named `local` on the server's own machine, listening on loopback only: added if there is none.
    /// Returns what it listens on, and a token as long as it has not enrolled.
    pub async fn local_sensor(&self) -> Result<(Vec<InstanceView>, Option<String>), HubError> {
        let actor = Actor::command_line();
        let find = async || -> Result<Option<SensorView>, HubError> {
            Ok(self
                .sensors(&actor)
                .await?
                .into_iter()
                .find(|sensor| sensor.name == "local"))
        };
        if find().await?.is_none() {
            let group = match self.groups(&actor).await?.into_iter().next() {
                Some(group) => group.id,
                // Nobody has set the server up yet, and attacks may come all the same.
                None => {
                    self.0
                        .store
                        .create_group("default", &actor.audit("create", "group", "default".into()))
                        .await?
                }
            };
            let new = NewSensor {
                name: "local".to_owned(),
                group,
            };
            self.add_sensor_on(&actor, new, &Listen::from(IpAddr::from([127, 0, 0, 1])))
                .await?;
        }
        let sensor = find().await?.ok_or(Refusal::NotFound)?;
        let token = if matches!(sensor.presence, Presence::Waiting | Presence::Revoked) {
            let token = self.token();
            let audit = actor.audit("enrol again", "sensor", sensor.name);
            let hash = secrets::hash(&token.secret);
            self.0
                .store
                .renew_enrolment(sensor.id, &hash, audit.at.after(TOKEN_LIFE), &audit)
                .await?;
            Some(token.to_string())
        } else {
            None
        };
        Ok((sensor.instances, token))
    }

    fn token(&self) -> EnrolmentToken {
        let trust = if self.0.options.behind_tls_proxy {
            Trust::WebPki
        } else {
            Trust::Authority(self.0.authority.certificate().fingerprint)
        };
        EnrolmentToken {
            secret: secrets::secret(),
            trust,
        }
    }

    fn enrolment(
        &self,
        sensor: SensorId,
        token: &EnrolmentToken,
        expires_at: Timestamp,
    ) -> Enrolment {
        let command = format!(
            "skep-sensor run --server {} --token {token}",
            self.endpoint()
        );
        Enrolment {
            sensor,
            command,
            expires_at,
        }
    }

    /// What a new sensor runs.
    fn first_instances(&self, address: &Listen) -> Vec<NewInstance> {
        let defaults = self.sensor_defaults();
        catalogue::built_in()
            .iter()
            .filter_map(|service| {
                let numbers = defaults.get(&service.name)?;
                (!numbers.is_empty()).then(|| NewInstance {
                    id: InstanceId::new(),
                    service: service.name.clone(),
                    revision: service.revision,
                    pinned: false,
                    address: address.clone(),
                    ports: catalogue::ports(service, numbers),
                    settings: Settings::new(),
                })
            })
            .collect()
    }
}
