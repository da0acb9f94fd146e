//! Services whose honeypots are images. The parts of an archive have a route of their own: they are not read as a whole.

use leptos::{prelude::*, server_fn::codec::Json};
use skep_model::{
    event::ServiceName,
    ids::{ArchiveId, FetchId},
    registry::RegistryView,
    service::{
        ArchiveForm, FetchForm, FetchView, ImageService, ServiceEdit, ServiceEntry, UploadView,
    },
};

use crate::failure::Failure;

/// All services, with their revisions and who runs them.
#[server(prefix = "/fn", endpoint = "service_entries")]
pub async fn service_entries() -> Result<Vec<ServiceEntry>, Failure> {
    use super::asker;

    asker::hub()?
        .service_entries(&asker::actor().await?)
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

/// Begins to upload an archive.
#[server(prefix = "/fn", endpoint = "begin_upload")]
pub async fn begin_upload() -> Result<UploadView, Failure> {
    use super::asker;

    asker::hub()?
        .begin_upload(&asker::actor().await?)
        .map_err(asker::failure)
}

/// How much of an archive has come.
#[server(prefix = "/fn", endpoint = "uploaded")]
pub async fn uploaded(id: ArchiveId) -> Result<UploadView, Failure> {
    use super::asker;

    asker::hub()?
        .upload_view(&asker::actor().await?, id)
        .map_err(asker::failure)
}

/// Adds the image in a whole archive to a service.
#[server(prefix = "/fn", endpoint = "finish_upload", input = Json)]
pub async fn finish_upload(id: ArchiveId, form: ArchiveForm) -> Result<ImageService, Failure> {
    use super::asker;

    asker::hub()?
        .finish_upload(&asker::actor().await?, id, form)
        .await
        .map_err(asker::failure)
}

/// Removes an archive that was not finished.
#[server(prefix = "/fn", endpoint = "remove_upload")]
pub async fn remove_upload(id: ArchiveId) -> Result<(), Failure> {
    use super::asker;

    asker::hub()?
        .remove_upload(&asker::actor().await?, id)
        .map_err(asker::failure)
}

/// The images that are fetched from other registries, newest first.
#[server(prefix = "/fn", endpoint = "fetches")]
pub async fn fetches() -> Result<Vec<FetchView>, Failure> {
    use super::asker;

    asker::hub()?
        .fetches(&asker::actor().await?)
        .map_err(asker::failure)
}

/// Begins to fetch an image from another registry.
#[server(prefix = "/fn", endpoint = "fetch_service", input = Json)]
pub async fn fetch_service(form: FetchForm) -> Result<FetchView, Failure> {
    use super::asker;

    asker::hub()?
        .fetch_service(&asker::actor().await?, form)
        .await
        .map_err(asker::failure)
}

/// Ends a fetch, or forgets one that has ended.
#[server(prefix = "/fn", endpoint = "end_fetch")]
pub async fn end_fetch(id: FetchId) -> Result<(), Failure> {
    use super::asker;

    asker::hub()?
        .end_fetch(&asker::actor().await?, id)
        .map_err(asker::failure)
}
