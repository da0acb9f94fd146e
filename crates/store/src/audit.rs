//! The audit log: who changed what, from where.

use std::collections::BTreeMap;

use serde_json::Value as Json;
use skep_model::{
    Address, Timestamp,
    ids::UserId,
    system::{AuditQuery, AuditView, Change},
};
use sqlx::any::AnyRow;

use crate::{
    Store, StoreError,
    database::{Connection, own},
    event_list::{Conditions, Value, bind},
    read::Read,
};

/// One change.
#[derive(Clone, Debug)]
pub struct AuditEntry {
    /// When.
    pub at: Timestamp,
    /// The user; `None` for the command line and API tokens.
    pub user: Option<UserId>,
    /// The user's or token's name at the time.
    pub user_name: String,
    /// From where.
    pub address: Option<Address>,
    /// What was done: `create`, `edit`, `revoke` …
    pub action: &'static str,
    /// To what kind of thing: `event`, `sensor` …
    pub kind: &'static str,
    /// To which.
    pub object: String,
    /// What changed, as it was before.
    pub before: Option<serde_json::Value>,
    /// What changed, as it is now.
    pub after: Option<serde_json::Value>,
}

impl Store {
    /// Writes an entry that belongs to no other change.
    pub async fn audit(&self, entry: &AuditEntry) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        write_audit(&mut tx, entry).await?;
        Ok(tx.commit().await?)
    }

    /// Whether there is an entry of this action on this object.
    pub async fn has_audit_entry(
        &self,
        action: &str,
        kind: &str,
        object: &str,
    ) -> Result<bool, StoreError> {
        let found = sqlx::query(
            "SELECT id FROM audit_log WHERE kind = $1 AND action = $2 AND object = $3 LIMIT 1",
        )
        .bind(kind)
        .bind(action)
        .bind(object)
        .fetch_optional(&self.read)
        .await?;
        Ok(found.is_some())
    }

    /// Entries that match, newest first.
    pub async fn audit_log(
        &self,
        query: &AuditQuery,
        limit: u32,
    ) -> Result<Vec<AuditView>, StoreError> {
        let mut conditions = Conditions::default();
        for (comparison, text) in [("user_name =", &query.user), ("kind =", &query.kind)] {
            if !text.is_empty() {
                conditions.add(comparison, Value::Text(text.clone()));
            }
        }
        if !query.object.is_empty() {
            let pattern = format!("%{}%", escaped(&query.object.to_lowercase()));
            conditions.add("lower(object) LIKE", Value::Text(pattern));
            // `add` puts the placeholder last, and the escape belongs behind it.
            conditions.extend_last(" ESCAPE '!'");
        }
        if let Some(before) = query.before {
            conditions.add("id <", Value::Number(before));
        }
        conditions.values.push(Value::Number(i64::from(limit)));
        let sql = format!(
            "SELECT id, at, user_id, user_name, address, action, kind, object, before, after FROM audit_log {}
             ORDER BY id DESC LIMIT ${}",
            conditions.sql(),
            conditions.values.len()
        );
        let rows = bind(sqlx::query(own(sql)), conditions.values)
            .fetch_all(&self.read)
            .await?;
        rows.iter().map(view).collect()
    }

    /// Names of users and tokens, and kinds of things, that the log has.
    pub async fn audit_words(&self) -> Result<(Vec<String>, Vec<String>), StoreError> {
        let mut words = [vec![], vec![]];
        for (column, words) in ["user_name", "kind"].into_iter().zip(&mut words) {
            let sql = own(format!(
                "SELECT DISTINCT {column} AS word FROM audit_log ORDER BY word LIMIT 500"
            ));
            for row in &sqlx::query(sql).fetch_all(&self.read).await? {
                words.push(row.text("word")?);
            }
        }
        let [users, kinds] = words;
        Ok((users, kinds))
    }

    /// Removes entries older than a moment.
    pub async fn prune_audit_log(&self, before: Timestamp) -> Result<u64, StoreError> {
        let done = sqlx::query("DELETE FROM audit_log WHERE at < $1")
            .bind(before.0)
            .execute(&self.write)
            .await?;
        Ok(done.rows_affected())
    }
}

/// Text as part of a LIKE pattern.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if matches!(c, '%' | '_' | '!') {
            out.push('!');
        }
        out.push(c);
    }
    out
}

fn view(row: &AnyRow) -> Result<AuditView, StoreError> {
    Ok(AuditView {
        id: row.number("id")?,
        at: row.time("at")?,
        user: row.maybe_id("user_id")?,
        user_name: row.text("user_name")?,
        address: row.maybe_id("address")?,
        action: row.text("action")?,
        kind: row.text("kind")?,
        object: row.text("object")?,
        changes: changes(row.maybe_text("before")?, row.maybe_text("after")?),
    })
}

/// What differs between two JSON objects, field by field.
fn changes(before: Option<String>, after: Option<String>) -> Vec<Change> {
    let fields = |text: Option<String>| -> BTreeMap<String, Json> {
        text.and_then(|text| serde_json::from_str(&text).ok())
            .unwrap_or_default()
    };
    let (mut before, mut after) = (fields(before), fields(after));
    before.retain(|field, was| {
        let same = after.get(field) == Some(was);
        if same {
            after.remove(field);
        }
        !same
    });
    let names: Vec<String> = before.keys().chain(after.keys()).cloned().collect();
    let mut changes: Vec<Change> = names
        .into_iter()
        .map(|field| Change {
            before: before.get(&field).map(said),
            after: after.get(&field).map(said),
            field,
        })
        .collect();
    // What was nothing and is nothing did not change.
    let nothing = |text: &Option<String>| text.as_deref().is_none_or(str::is_empty);
    changes.retain(|change| !(nothing(&change.before) && nothing(&change.after)));
    changes.sort_by(|a, b| a.field.cmp(&b.field));
    changes.dedup_by(|a, b| a.field == b.field);
    changes
}

/// A JSON value as a person reads it: texts without quotes.
fn said(value: &Json) -> String {
    match value {
        Json::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// Writes an entry in the transaction of the change that it tells of.
pub(crate) async fn write_audit(tx: &mut Connection, entry: &AuditEntry) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO audit_log (at, user_id, user_name, address, action, kind, object, before, after)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
    )
    .bind(entry.at.0)
    .bind(entry.user.map(|id| id.as_bytes().to_vec()))
    .bind(entry.user_name.as_str())
    .bind(entry.address.map(|address| address.to_bytes().to_vec()))
    .bind(entry.action)
    .bind(entry.kind)
    .bind(entry.object.as_str())
    .bind(entry.before.as_ref().map(ToString::to_string))
    .bind(entry.after.as_ref().map(ToString::to_string))
    .execute(tx)
    .await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_differs_is_a_change() {
        let json = |text: &str| Some(text.to_owned());
        let found = changes(
            json(r#"{"name":"a","role":"admin","email":"","mail":"x"}"#),
            json(r#"{"name":"b","role":"admin","groups":["x"]}"#),
        );
        let said: Vec<_> = found
            .iter()
            .map(|change| {
                (
                    change.field.as_str(),
                    change.before.as_deref(),
                    change.after.as_deref(),
                )
            })
            .collect();
        assert_eq!(
            said,
            [
                ("groups", None, Some(r#"["x"]"#)),
                ("mail", Some("x"), None),
                ("name", Some("a"), Some("b"))
            ]
        );
    }

    #[test]
    fn wildcards_are_letters() {
        assert_eq!(escaped("50%_!"), "50!%!_!!");
    }
}
