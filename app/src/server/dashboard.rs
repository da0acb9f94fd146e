//! What the dashboard shows.

use leptos::prelude::*;
use skep_model::console;

use crate::failure::Failure;

/// All numbers of the dashboard.
#[server(prefix = "/fn", endpoint = "dashboard")]
pub async fn dashboard() -> Result<console::Dashboard, Failure> {
    use super::asker;

    asker::hub()?
        .dashboard(&asker::actor().await?)
        .await
        .map_err(asker::failure)
}
