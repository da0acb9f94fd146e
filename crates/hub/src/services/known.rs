//! The services that sensors can run: those that are part of every sensor, and those with images.

use skep_model::{Complaint, event::ServiceName, sensor::Port, service::ServiceView};
use skep_protocol::catalogue;
use skep_store::{ImageServiceRow, SensorRow};

use crate::{
    Hub, HubError,
    images::{has_image_for, needs, revisions, same_protocols},
};

/// A service that sensors can run.
pub(super) struct Known {
    pub(super) view: ServiceView,
    /// Its images, unless it is part of every sensor.
    images: Option<ImageServiceRow>,
}

impl Known {
    fn of_images(service: ImageServiceRow) -> Self {
        let revisions = revisions(&service);
        let usual = revisions
            .iter()
            .find(|revision| revision.number == service.default_revision);
        let view = ServiceView {
            name: service.name.clone(),
            description: service.description.clone(),
            level: service.level,
            revision: service.default_revision,
            ports: usual.map_or_else(Vec::new, |revision| revision.ports.clone()),
            settings: vec![],
            architectures: usual.map_or_else(Vec::new, |revision| revision.architectures.clone()),
            revisions,
        };
        let images = Some(service);
        Self { view, images }
    }

    /// The number of the revision that is run where one is pinned, or none is.
    pub(super) fn revision(&self, pinned: Option<u32>) -> Result<u32, Complaint> {
        let Some(number) = pinned else {
            return Ok(self.view.revision);
        };
        let known = self.view.revision(number).ok_or(Complaint::Unknown)?;
        Ok(known.number)
    }

    /// Whether a sensor's processor is one that a revision has an image for, and whether that may all that it asks for.
    pub(super) fn runs_on(&self, sensor: &SensorRow, revision: u32) -> Result<(), Complaint> {
        let architecture = sensor.status.as_ref();
        let architecture = architecture.map(|status| status.architecture.as_str());
        match &self.images {
            Some(images) if !has_image_for(images, revision, architecture) => {
                Err(Complaint::NoImage)
            }
            Some(images) if !needs(images, revision).beyond(&images.allowed).is_empty() => {
                Err(Complaint::NotAllowed)
            }
            _ => Ok(()),
        }
    }

    /// Whether a revision can listen on such ports.
    pub(super) fn listens_on(&self, ports: &[Port], revision: u32) -> Result<(), Complaint> {
        let view = &self.view;
        let spoken = |port: &Port| {
            view.ports
                .iter()
                .any(|known| known.transport == port.transport)
        };
        match (&self.images, view.revision(revision)) {
            (Some(_), Some(known)) if same_protocols(ports, &known.ports) => Ok(()),
            (Some(_), _) => Err(Complaint::OtherPorts),
            (None, _) if ports.is_empty() => Err(Complaint::Empty),
            (None, _) if !ports.iter().all(spoken) => Err(Complaint::Unknown),
            (None, _) => Ok(()),
        }
    }
}

/// The service of a name.
pub(super) fn find<'a>(services: &'a [Known], name: &ServiceName) -> Option<&'a Known> {
    services.iter().find(|known| known.view.name == *name)
}

impl Hub {
    /// All of them, by name, with the ports that they have where nothing else is said.
    pub(super) async fn known_services(&self) -> Result<Vec<Known>, HubError> {
        let defaults = self.sensor_defaults();
        let built_in = catalogue::built_in().iter();
        let built_in = built_in
            .map(|service| {
                let chosen = defaults.get(&service.name).cloned().unwrap_or_default();
                let numbers = if chosen.is_empty() {
                    self.0.options.default_ports.of(&service.name)
                } else {
                    chosen
                };
                ServiceView {
                    ports: catalogue::ports(service, &numbers),
                    ..service.clone()
                }
            })
            .map(|view| Known { view, images: None });
        let images = self.0.store.image_services().await?;
        let images = images.into_iter().map(Known::of_images);
        let mut known: Vec<Known> = built_in.chain(images).collect();
        known.sort_by(|one, other| one.view.name.as_str().cmp(other.view.name.as_str()));
        Ok(known)
    }
}
