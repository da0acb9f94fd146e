//! Working on events: status and comment.

use skep_model::{Status, console::EventEdit, ids::EventId};

use crate::{
    AuditEntry, Scope, Store, StoreError,
    audit::write_audit,
    database::own,
    event_list::{Conditions, Value, bind},
    read::Read,
};

/// How an edit of an event went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Edited {
    /// It is done.
    Done,
    /// There is no such event in scope.
    Gone,
    /// The comment is not any more what its writer knew.
    Changed,
}

impl Store {
    /// Changes status or comment. `audit` gets what was and what is.
    pub async fn edit_event(
        &self,
        scope: &Scope,
        id: EventId,
        edit: &EventEdit,
        mut audit: AuditEntry,
    ) -> Result<Edited, StoreError> {
        let mut tx = self.begin().await?;
        let mut conditions = Conditions::default();
        conditions.add("e.id =", Value::Bytes(id.as_bytes().to_vec()));
        conditions.scope("e.group_id", scope);
        let sql = format!(
            "SELECT e.number, e.status, e.comment FROM events e {}",
            conditions.sql()
        );
        let Some(row) = bind(sqlx::query(own(sql)), conditions.values)
            .fetch_optional(&mut *tx)
            .await?
        else {
            return Ok(Edited::Gone);
        };
        let status = row.parsed("status", Status::from_number)?;
        let comment = row.text("comment")?;
        if edit
            .comment_before
            .as_ref()
            .is_some_and(|before| *before != comment)
        {
            return Ok(Edited::Changed);
        }
        let new_status = edit.status.unwrap_or(status);
        let new_comment = edit.comment.as_deref().unwrap_or(&comment);
        sqlx::query("UPDATE events SET status = $2, comment = $3 WHERE number = $1")
            .bind(row.number("number")?)
            .bind(new_status.number())
            .bind(new_comment)
            .execute(&mut *tx)
            .await?;
        audit.before = Some(serde_json::json!({ "status": status, "comment": comment }));
        audit.after = Some(serde_json::json!({ "status": new_status, "comment": new_comment }));
        write_audit(&mut tx, &audit).await?;
        tx.commit().await?;
        Ok(Edited::Done)
    }
}
