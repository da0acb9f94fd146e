//! What is read off the images of a service.

use std::collections::BTreeMap;

use skep_model::{
    sensor::Port,
    service::{Image, ImageService, Revision, RevisionView, Rights, SensorRef},
};
use skep_protocol::manifest::Manifest;
use skep_store::{ImageRow, ImageServiceRow};

/// The images of a revision.
pub(super) fn images_of(service: &ImageServiceRow, number: u32) -> impl Iterator<Item = &ImageRow> {
    let of_revision = move |image: &&ImageRow| image.number == number;
    service.images.iter().filter(of_revision)
}

/// Whether a revision has an image for a processor; nothing is known of a sensor that has not called yet.
pub(crate) fn has_image_for(
    service: &ImageServiceRow,
    number: u32,
    architecture: Option<&str>,
) -> bool {
    images_of(service, number)
        .any(|image| Some(image.manifest.image.architecture.name()) == architecture)
}

/// What an admin has to allow before a revision can run: what any of its images asks for.
pub(crate) fn needs(service: &ImageServiceRow, number: u32) -> Rights {
    images_of(service, number).fold(Rights::default(), |mut all, image| {
        let needs = image.manifest.profile.needs();
        all.raw_network |= needs.raw_network;
        all.capabilities.extend(needs.capabilities);
        all
    })
}

/// Where an image listens when nothing else is said.
pub(super) fn ports(manifest: &Manifest) -> Vec<Port> {
    let ports = manifest.ports.iter();
    ports
        .map(|port| Port {
            number: port.published.get(),
            transport: port.protocol.into(),
        })
        .collect()
}

/// The revisions that there are, by number.
pub(crate) fn revisions(service: &ImageServiceRow) -> Vec<RevisionView> {
    let mut revisions: BTreeMap<u32, RevisionView> = BTreeMap::new();
    for image in &service.images {
        let revision = revisions
            .entry(image.number)
            .or_insert_with(|| RevisionView {
                number: image.number,
                label: image.label.clone(),
                ports: ports(&image.manifest),
                architectures: vec![],
            });
        let architecture = image.manifest.image.architecture.name();
        revision.architectures.push(architecture.to_owned());
    }
    revisions.into_values().collect()
}

/// Whether each of these ports can stand for the one in its place.
pub(crate) fn same_protocols(ports: &[Port], others: &[Port]) -> bool {
    ports
        .iter()
        .map(|port| port.transport)
        .eq(others.iter().map(|port| port.transport))
}

/// A service, as it is shown, with the sensors that run it and the revisions of its instances.
pub(crate) fn view(
    service: &ImageServiceRow,
    sensors: Vec<SensorRef>,
    instances: &[u32],
) -> ImageService {
    let mut revisions: BTreeMap<u32, Revision> = BTreeMap::new();
    for row in &service.images {
        let revision = revisions.entry(row.number).or_insert_with(|| Revision {
            number: row.number,
            label: row.label.clone(),
            ports: ports(&row.manifest),
            needs: needs(service, row.number),
            instances: instances.iter().filter(|n| **n == row.number).count() as u32,
            images: vec![],
        });
        revision.images.push(Image {
            architecture: row.manifest.image.architecture.name().to_owned(),
            digest: row.digest.clone(),
            size: row.manifest.image.size(),
        });
    }
    ImageService {
        name: service.name.clone(),
        description: service.description.clone(),
        level: service.level,
        revision: service.default_revision,
        allowed: service.allowed.clone(),
        revisions: revisions.into_values().collect(),
        sensors,
    }
}
