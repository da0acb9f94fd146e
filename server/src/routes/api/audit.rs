//! `/api/v1/audit`: who changed what.

use axum::extract::State as Shared;
use skep_model::system::AuditQuery;

use super::{
    asking::{Answer, Caller, Query, json},
    shapes::Page,
};
use crate::router::State;

/// Entries that match, newest first, by key.
pub(crate) async fn list(
    Shared(state): Shared<State>,
    Caller(actor): Caller,
    Query(query): Query<AuditQuery>,
) -> Answer {
    let page = state.hub.audit_log(&actor, &query).await?;
    json(Page {
        items: page.entries,
        next: page.next.map(|id| id.to_string()),
    })
}
