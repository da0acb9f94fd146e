//! `/api/v1/uploads`: archives that are uploaded in parts.

use axum::{extract::State as Shared, http::Method};
use schemars::JsonSchema;
use serde::Deserialize;
use skep_model::{
    ids::ArchiveId,
    service::{ArchiveForm, ImageService, UploadView},
};

use super::{
    asking::{Answer, Caller, Created, File, Id, Nothing, Query, Refused, json},
    describe::Described,
    shapes::Page,
};
use crate::router::State;

/// Its routes.
pub(super) fn routes(api: Described) -> Described {
    api.at(
        Method::GET,
        "/api/v1/uploads",
        "Archives that are being uploaded in parts",
        list,
    )
    .at(
        Method::POST,
        "/api/v1/uploads",
        "Begin to upload an archive in parts",
        begin,
    )
    .at(
        Method::GET,
        "/api/v1/uploads/{id}",
        "How much of an archive has come",
        get,
    )
    .at(
        Method::PATCH,
        "/api/v1/uploads/{id}",
        "Append a part of an archive; what came before a connection broke is kept",
        append,
    )
    .at(
        Method::POST,
        "/api/v1/uploads/{id}/finish",
        "Add the image in a whole archive to a service; one that is refused stays",
        finish,
    )
    .at(
        Method::DELETE,
        "/api/v1/uploads/{id}",
        "Remove an archive that was not finished",
        remove,
    )
}

/// Where a part belongs.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Part {
    /// How many bytes come before it: as many as have been received.
    #[schemars(range(max = 1_000_000_000_000_000_u64))]
    offset: u64,
}

/// The archives, the one that was written to last first.
async fn list(Shared(state): Shared<State>, Caller(actor): Caller) -> Answer<Page<UploadView>> {
    json(Page::whole(state.hub.uploads(&actor)?))
}

/// Begins one.
async fn begin(
    Shared(state): Shared<State>,
    Caller(actor): Caller,
) -> Result<Created<UploadView>, Refused> {
    Ok(Created(state.hub.begin_upload(&actor)?))
}

/// One of them.
async fn get(
    Shared(state): Shared<State>,
    Caller(actor): Caller,
    Id(id): Id<ArchiveId>,
) -> Answer<UploadView> {
    json(state.hub.upload_view(&actor, id)?)
}

/// Appends a part.
async fn append(
    Shared(state): Shared<State>,
    Caller(actor): Caller,
    Id(id): Id<ArchiveId>,
    Query(part): Query<Part>,
    File(content): File,
) -> Answer<UploadView> {
    let hub = &state.hub;
    json(hub.append_upload(&actor, id, part.offset, content).await?)
}

/// Adds what came.
async fn finish(
    Shared(state): Shared<State>,
    Caller(actor): Caller,
    Id(id): Id<ArchiveId>,
    Query(form): Query<ArchiveForm>,
) -> Result<Created<ImageService>, Refused> {
    Ok(Created(state.hub.finish_upload(&actor, id, form).await?))
}

/// Removes one.
async fn remove(
    Shared(state): Shared<State>,
    Caller(actor): Caller,
    Id(id): Id<ArchiveId>,
) -> Result<Nothing, Refused> {
    state.hub.remove_upload(&actor, id)?;
    Ok(Nothing)
}
