//! Services whose honeypots are images. The upload is a route of its own: the browser sends it piece by piece.

use leptos::{prelude::*, server_fn::codec::Json};
use skep_model::{
    event::ServiceName,
    registry::RegistryView,
    service::{ImageService, ServiceEdit},
};

use crate::failure::Failure;

/// The services with images, with all of their revisions.
#[server(prefix = "/fn", endpoint = "image_services")]
pub async fn image_services() -> Result<Vec<ImageService>, Failure> {
    use super::asker;

    asker::hub()?
        .image_services(&asker::actor().await?)
        .await
        .map_err(asker::failure)
}

/// How the registry is.
#[server(prefix = "/fn", endpoint = "registry")]
pub async fn registry() -> Result<RegistryView, Failure> {
    use super::asker;

    asker::hub()?
        .registry_view(&asker::actor().await?)
        .await
        .map_err(asker::failure)
}

/// Changes a service with images.
#[server(prefix = "/fn", endpoint = "edit_service", input = Json)]
pub async fn edit_service(name: ServiceName, edit: ServiceEdit) -> Result<ImageService, Failure> {
    use super::asker;

    asker::hub()?
        .edit_service(&asker::actor().await?, &name, edit)
        .await
        .map_err(asker::failure)
}

/// Removes a revision that sensors do not run.
#[server(prefix = "/fn", endpoint = "remove_revision")]
pub async fn remove_revision(name: ServiceName, number: u32) -> Result<(), Failure> {
    use super::asker;

    asker::hub()?
        .remove_revision(&asker::actor().await?, &name, number)
        .await
        .map_err(asker::failure)
}

/// Removes a service that no sensor runs.
#[server(prefix = "/fn", endpoint = "remove_service")]
pub async fn remove_service(name: ServiceName) -> Result<(), Failure> {
    use super::asker;

    asker::hub()?
        .remove_service(&asker::actor().await?, &name)
        .await
        .map_err(asker::failure)
}
