//! Which sensors run each service.

use std::collections::{HashMap, HashSet};

use skep_model::{
    event::ServiceName,
    ids::SensorId,
    service::{SensorRef, ServiceEntry},
    user::Role,
};

use crate::{Actor, Hub, HubError, images::view};

/// How many sensors an entry names.
const NAMED: usize = 24;

/// Who runs a service, and what of it.
#[derive(Default)]
pub(crate) struct Uses {
    /// The sensors that the asker sees, by name.
    pub(crate) sensors: Vec<SensorRef>,
    /// The number of each instance's revision, whoever sees its sensor.
    pub(crate) revisions: Vec<u32>,
}

impl Hub {
    /// Who runs each service.
    pub(crate) async fn uses(&self, actor: &Actor) -> Result<HashMap<ServiceName, Uses>, HubError> {
        actor.require(Role::Observer)?;
        let mut uses: HashMap<ServiceName, Uses> = HashMap::new();
        let mut services: HashMap<SensorId, HashSet<ServiceName>> = HashMap::new();
        for row in self.0.store.instances(None).await? {
            if row.removed_at.is_none() {
                let service = row.instance.service;
                let of_service = uses.entry(service.clone()).or_default();
                of_service.revisions.push(row.instance.revision);
                services.entry(row.sensor).or_default().insert(service);
            }
        }
        for sensor in self.0.store.sensors(&actor.scope).await? {
            for service in services.remove(&sensor.id).unwrap_or_default() {
                uses.entry(service).or_default().sensors.push(SensorRef {
                    id: sensor.id,
                    name: sensor.name.clone(),
                });
            }
        }
        Ok(uses)
    }

    /// All services with what the services page shows of them, by name.
    pub async fn service_entries(&self, actor: &Actor) -> Result<Vec<ServiceEntry>, HubError> {
        let services = self.service_views(actor).await?;
        let images = self.0.store.image_services().await?;
        let mut images: HashMap<_, _> = images
            .into_iter()
            .map(|image| (image.name.clone(), image))
            .collect();
        let mut uses = self.uses(actor).await?;
        Ok(services
            .into_iter()
            .map(|service| {
                let Uses {
                    mut sensors,
                    revisions,
                } = uses.remove(&service.name).unwrap_or_default();
                let count = sensors.len() as u64;
                sensors.truncate(NAMED);
                let image = images.remove(&service.name);
                ServiceEntry {
                    service,
                    image: image.map(|image| view(&image, vec![], &revisions)),
                    users: count,
                    sensors,
                }
            })
            .collect())
    }
}
