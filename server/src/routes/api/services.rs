//! `/api/v1/services`, `/api/v1/deployments`: what sensors can run, and what they shall run.

use axum::{extract::State as Shared, http::Method};
use schemars::JsonSchema;
use serde::Deserialize;
use skep_model::{
    event::ServiceName,
    registry::RegistryView,
    service::{ArchiveForm, Change, Deployed, ImageService, ServiceEdit, ServiceView},
};

use super::{
    asking::{Answer, Body, Caller, Created, File, Id, Ids, Nothing, Query, Refused, json},
    describe::Described,
    shapes::Page,
};
use crate::router::State;

/// Its routes.
pub(super) fn routes(api: Described) -> Described {
    api.at(
        Method::GET,
        "/api/v1/services",
        "The services that sensors can run",
        list,
    )
    .at(
        Method::POST,
        "/api/v1/services",
        "Add an image of a service: a HoneySens archive, what docker save wrote, or an OCI image layout",
        upload,
    )
    .at(
        Method::GET,
        "/api/v1/services/{id}",
        "A service with images: its revisions, and the sensors that run it",
        get,
    )
    .at(
        Method::PATCH,
        "/api/v1/services/{id}",
        "Change a service with images; another revision is what its sensors run from then on",
        edit,
    )
    .at(
        Method::DELETE,
        "/api/v1/services/{id}",
        "Remove a service with images that no sensor runs",
        remove,
    )
    .at(
        Method::DELETE,
        "/api/v1/services/{id}/revisions/{number}",
        "Remove a revision that sensors do not run",
        remove_revision,
    )
    .at(
        Method::GET,
        "/api/v1/registry",
        "Whether the registry of images works, and how full it is",
        registry,
    )
    .at(
        Method::POST,
        "/api/v1/deployments",
        "Change what sensors run: all of it, or nothing",
        deploy,
    )
}

/// What is to change.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct Deployment {
    /// The changes, at most 10,000. They are taken up in this order.
    #[schemars(length(min = 1))]
    changes: Vec<Change>,
}

/// The services, by name.
async fn list(Shared(state): Shared<State>, Caller(actor): Caller) -> Answer<Page<ServiceView>> {
    json(Page::whole(state.hub.service_views(&actor).await?))
}

/// Adds an image of a service.
async fn upload(
    Shared(state): Shared<State>,
    Caller(actor): Caller,
    Query(form): Query<ArchiveForm>,
    File(content): File,
) -> Result<Created<ImageService>, Refused> {
    let service = state.hub.upload_service(&actor, form, content).await?;
    Ok(Created(service))
}

/// A service with images.
async fn get(
    Shared(state): Shared<State>,
    Caller(actor): Caller,
    Id(name): Id<ServiceName>,
) -> Answer<ImageService> {
    json(state.hub.image_service(&actor, &name).await?)
}

/// Changes a service with images.
async fn edit(
    Shared(state): Shared<State>,
    Caller(actor): Caller,
    Id(name): Id<ServiceName>,
    Body(edit): Body<ServiceEdit>,
) -> Answer<ImageService> {
    json(state.hub.edit_service(&actor, &name, edit).await?)
}

/// Removes a service with images.
async fn remove(
    Shared(state): Shared<State>,
    Caller(actor): Caller,
    Id(name): Id<ServiceName>,
) -> Result<Nothing, Refused> {
    state.hub.remove_service(&actor, &name).await?;
    Ok(Nothing)
}

/// Removes a revision.
async fn remove_revision(
    Shared(state): Shared<State>,
    Caller(actor): Caller,
    Ids(name, number): Ids<ServiceName, u32>,
) -> Result<Nothing, Refused> {
    state.hub.remove_revision(&actor, &name, number).await?;
    Ok(Nothing)
}

/// How the registry is.
async fn registry(Shared(state): Shared<State>, Caller(actor): Caller) -> Answer<RegistryView> {
    json(state.hub.registry_view(&actor).await?)
}

/// Changes what sensors run.
async fn deploy(
    Shared(state): Shared<State>,
    Caller(actor): Caller,
    Body(wanted): Body<Deployment>,
) -> Answer<Deployed> {
    json(state.hub.deploy(&actor, &wanted.changes).await?)
}
