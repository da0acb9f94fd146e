//! Which sensors run each service.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use skep_model::{
    event::ServiceName,
    ids::SensorId,
    service::{SensorRef, ServiceEntry},
    user::Role,
};

use crate::{Actor, Hub, HubError};

/// How many sensors an entry names.
const NAMED: usize = 24;

impl Hub {
    /// The sensors that run each service, by name.
    pub async fn service_users(
        &self,
        actor: &Actor,
    ) -> Result<BTreeMap<ServiceName, Vec<SensorRef>>, HubError> {
        actor.require(Role::Observer)?;
        let mut services: HashMap<SensorId, BTreeSet<ServiceName>> = HashMap::new();
        for row in self.0.store.instances(None).await? {
            if row.removed_at.is_none() {
                let on_sensor = services.entry(row.sensor).or_default();
                on_sensor.insert(row.instance.service);
            }
        }
        let mut users: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for sensor in self.0.store.sensors(&actor.scope).await? {
            for service in services.remove(&sensor.id).unwrap_or_default() {
                users.entry(service).or_default().push(SensorRef {
                    id: sensor.id,
                    name: sensor.name.clone(),
                });
            }
        }
        Ok(users)
    }

    /// All services with what the services page shows of them, by name.
    pub async fn service_entries(&self, actor: &Actor) -> Result<Vec<ServiceEntry>, HubError> {
        let services = self.service_views(actor).await?;
        let mut images: HashMap<_, _> = self
            .image_services(actor)
            .await?
            .into_iter()
            .map(|image| (image.name.clone(), image))
            .collect();
        let mut users = self.service_users(actor).await?;
        Ok(services
            .into_iter()
            .map(|service| {
                let mut sensors = users.remove(&service.name).unwrap_or_default();
                let count = sensors.len() as u64;
                sensors.truncate(NAMED);
                let mut image = images.remove(&service.name);
                if let Some(image) = &mut image {
                    image.sensors.clear();
                }
                ServiceEntry {
                    service,
                    image,
                    users: count,
                    sensors,
                }
            })
            .collect())
    }
}
