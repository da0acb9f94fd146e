//! `/api/v1/audit`: who changed what.

use axum::{extract::State as Shared, http::Method};
use schemars::JsonSchema;
use serde::Deserialize;
use skep_model::system::AuditQuery;

use super::{
    asking::{Answer, Caller, Query, given, json},
    describe::Described,
    shapes::{AuditEntry, Page},
};
use crate::router::State;

/// Its routes.
pub(super) fn routes(api: Described) -> Described {
    api.at(
        Method::GET,
        "/api/v1/audit",
        "Who changed what, newest first",
        list,
    )
}

/// Which entries.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Parameters {
    /// Of the user or token of this name.
    user: String,
    /// About this kind of thing.
    kind: String,
    /// About a thing with this in its name or id.
    object: String,
    /// Older than this one, as the page before said in `next`.
    #[serde(deserialize_with = "given")]
    #[schemars(with = "i64")]
    before: Option<i64>,
}

/// Entries that match, newest first, by key.
async fn list(
    Shared(state): Shared<State>,
    Caller(actor): Caller,
    Query(parameters): Query<Parameters>,
) -> Answer<Page<AuditEntry>> {
    let query = AuditQuery {
        user: parameters.user,
        kind: parameters.kind,
        object: parameters.object,
        before: parameters.before,
    };
    let page = state.hub.audit_log(&actor, &query).await?;
    json(Page::new(page.entries, page.next.map(|id| id.to_string())))
}
