//! Services: what sensors can run, and what they shall run.

use leptos::{prelude::*, server_fn::codec::Json};
use skep_model::{
    event::ServiceName,
    service::{Change, Deployed, ServiceView},
};

use crate::failure::Failure;

/// The services that events can be of.
#[server(prefix = "/fn", endpoint = "services")]
pub async fn services() -> Result<Vec<ServiceName>, Failure> {
    use super::asker;

    asker::hub()?
        .services(&asker::actor().await?)
        .await
        .map_err(asker::failure)
}

/// The services that sensors can run.
#[server(prefix = "/fn", endpoint = "service_views")]
pub async fn service_views() -> Result<Vec<ServiceView>, Failure> {
    use super::asker;

    asker::hub()?
        .service_views(&asker::actor().await?)
        .await
        .map_err(asker::failure)
}

/// Changes what sensors run: all of it, or nothing.
#[server(prefix = "/fn", endpoint = "deploy", input = Json)]
pub async fn deploy(changes: Vec<Change>) -> Result<Deployed, Failure> {
    use super::asker;

    asker::hub()?
        .deploy(&asker::actor().await?, &changes)
        .await
        .map_err(asker::failure)
}
