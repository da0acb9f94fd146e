//! Archiving events, removing them, and clearing up after removed groups and sensors, chunk by chunk.

use skep_model::{
    Interaction, Timestamp,
    console::EventRow,
    ids::{EventId, GroupId, SensorId},
    user::Fate,
};

use crate::{
    AuditEntry, Engine, Scope, Store, StoreError,
    audit::write_audit,
    database::{Connection, own},
    event_list::{COLUMNS, Conditions, Value, bind, event_row, source},
    read::Read,
    rollup::{Deltas, Place},
};

/// How many events one transaction moves or removes.
const CHUNK: u32 = 200;

/// The columns that live and archived events share, as they are.
const SAME: &str = "number, id, sensor_id, group_id, service_id, instance_id, revision, started_at, ended_at, last_at, \
     received_at, source, source_port, target_port, transport, classification, severity, status, comment, assignee_id, \
     count, next_index, interactions, logins, accepted, commands, requests, files, probes, bytes_in, subject, fingerprint, \
     country, region, city, postal_code, latitude, longitude, asn, as_name, reverse_name";

/// Something that was removed and still has events.
enum Removed {
    Group(GroupId),
    Sensor(SensorId),
}

impl Store {
    /// Archives or removes live events, or removes archived ones, in scope. Returns what they were.
    pub async fn take_events(
        &self,
        scope: &Scope,
        ids: &[EventId],
        archived: bool,
        fate: Fate,
        audit: &AuditEntry,
    ) -> Result<Vec<EventRow>, StoreError> {
        let mut conditions = Conditions::default();
        let wanted = ids.iter().map(|id| Value::Bytes(id.as_bytes().to_vec()));
        conditions.any_of("e.id", wanted.collect());
        conditions.scope("e.group_id", scope);
        let mut tx = self.begin().await?;
        let taken = self
            .take(
                &mut tx,
                conditions,
                archived,
                fate,
                audit.at,
                ids.len() as u32,
            )
            .await?;
        for event in &taken {
            let entry = AuditEntry {
                object: event.id.to_string(),
                before: Some(
                    serde_json::json!({ "number": event.number, "source": event.source, "status": event.status }),
                ),
                ..audit.clone()
            };
            write_audit(&mut tx, &entry).await?;
        }
        tx.commit().await?;
        Ok(taken)
    }

    /// Brings archived events in scope back. Those whose group or sensor is gone stay. Returns what they are.
    pub async fn restore_events(
        &self,
        scope: &Scope,
        ids: &[EventId],
        audit: &AuditEntry,
    ) -> Result<Vec<EventRow>, StoreError> {
        let wanted: Vec<Value> = ids
            .iter()
            .map(|id| Value::Bytes(id.as_bytes().to_vec()))
            .collect();
        let mut which = Conditions::default();
        which.any_of("a.id", wanted.clone());
        which.scope("a.group_id", scope);
        which.plain(
            "EXISTS (SELECT 1 FROM sensors s JOIN groups g ON g.id = s.group_id
             WHERE s.id = a.sensor_id AND s.removed_at IS NULL AND g.removed_at IS NULL)",
        );
        let mut tx = self.begin().await?;
        // It keeps its number, which PostgreSQL would choose itself.
        let overriding = match self.engine {
            Engine::Postgres => "OVERRIDING SYSTEM VALUE",
            Engine::Sqlite => "",
        };
        let sql = format!(
            "INSERT INTO events ({SAME}) {overriding} SELECT {SAME} FROM archived_events a {}",
            which.sql()
        );
        bind(sqlx::query(own(sql)), which.values)
            .execute(&mut *tx)
            .await?;
        let mut back = Conditions::default();
        back.any_of("e.id", wanted.clone());
        back.scope("e.group_id", scope);
        back.plain("e.number IN (SELECT a.number FROM archived_events a WHERE a.id = e.id)");
        let sql = format!("SELECT {COLUMNS} FROM {} {}", source(false), back.sql());
        let rows = bind(sqlx::query(own(sql)), back.values)
            .fetch_all(&mut *tx)
            .await?;
        let events: Vec<EventRow> = rows.iter().map(event_row).collect::<Result<_, _>>()?;
        let mut gone = Conditions::default();
        gone.any_of(
            "number",
            events
                .iter()
                .map(|event| Value::Number(event.number))
                .collect(),
        );
        if !events.is_empty() {
            let sql = format!("DELETE FROM archived_events {}", gone.sql());
            bind(sqlx::query(own(sql)), gone.values)
                .execute(&mut *tx)
                .await?;
        }
        for event in &events {
            let entry = AuditEntry {
                object: event.id.to_string(),
                after: Some(serde_json::json!({ "number": event.number })),
                ..audit.clone()
            };
            write_audit(&mut tx, &entry).await?;
        }
        tx.commit().await?;
        Ok(events)
    }

    /// Archives live events that are resolved or ignored and older than a moment: one chunk. Returns how many.
    pub async fn archive_done(
        &self,
        older_than: Timestamp,
        now: Timestamp,
    ) -> Result<u32, StoreError> {
        let mut conditions = Conditions::default();
        conditions.add("e.started_at <", Value::Number(older_than.0));
        conditions.plain("e.ended_at IS NOT NULL");
        let done = [skep_model::Status::Resolved, skep_model::Status::Ignored];
        let numbers = done.iter().map(|status| Value::Number(status.number()));
        conditions.any_of("e.status", numbers.collect());
        self.take_chunk(conditions, false, Fate::Archive, now).await
    }

    /// Removes archived events that were archived before a moment: one chunk. Returns how many.
    pub async fn thin_archive(
        &self,
        archived_before: Timestamp,
        now: Timestamp,
    ) -> Result<u32, StoreError> {
        let mut conditions = Conditions::default();
        conditions.add("e.archived_at <", Value::Number(archived_before.0));
        self.take_chunk(conditions, true, Fate::Remove, now).await
    }

    /// Archives or removes one chunk of events of a removed group or sensor; when none is left, forgets the group
    /// or sensor itself. `false`: nothing was left to do.
    pub async fn clear_removed(&self, now: Timestamp) -> Result<bool, StoreError> {
        let Some((removed, fate)) = self.removed().await? else {
            return Ok(false);
        };
        let (column, id) = match &removed {
            Removed::Group(id) => ("e.group_id =", id.as_bytes().to_vec()),
            Removed::Sensor(id) => ("e.sensor_id =", id.as_bytes().to_vec()),
        };
        let mut conditions = Conditions::default();
        conditions.add(column, Value::Bytes(id.clone()));
        if self.take_chunk(conditions, false, fate, now).await? == CHUNK {
            return Ok(true);
        }
        let mut tx = self.begin().await?;
        let tables: &[(&str, &str)] = match &removed {
            Removed::Group(_) => &[("sensors", "group_id"), ("groups", "id")],
            Removed::Sensor(_) => &[("quarantine", "sensor_id"), ("sensors", "id")],
        };
        for (table, column) in tables {
            sqlx::query(own(format!("DELETE FROM {table} WHERE {column} = $1")))
                .bind(id.as_slice())
                .execute(&mut *tx)
                .await?;
        }
        tx.commit().await?;
        Ok(true)
    }

    /// A removed sensor, or when there is none a removed group.
    async fn removed(&self) -> Result<Option<(Removed, Fate)>, StoreError> {
        for table in ["sensors", "groups"] {
            let sql = own(format!(
                "SELECT id, fate FROM {table} WHERE removed_at IS NOT NULL ORDER BY removed_at LIMIT 1"
            ));
            if let Some(row) = sqlx::query(sql).fetch_optional(&self.read).await? {
                let removed = if table == "sensors" {
                    Removed::Sensor(row.id("id")?)
                } else {
                    Removed::Group(row.id("id")?)
                };
                return Ok(Some((removed, row.parsed("fate", Fate::from_number)?)));
            }
        }
        Ok(None)
    }

    async fn take_chunk(
        &self,
        conditions: Conditions,
        archived: bool,
        fate: Fate,
        now: Timestamp,
    ) -> Result<u32, StoreError> {
        let mut tx = self.begin().await?;
        let taken = self
            .take(&mut tx, conditions, archived, fate, now, CHUNK)
            .await?;
        tx.commit().await?;
        Ok(taken.len() as u32)
    }

    /// Takes at most `limit` events out of the live ones or out of the archive.
    async fn take(
        &self,
        tx: &mut Connection,
        mut conditions: Conditions,
        archived: bool,
        fate: Fate,
        now: Timestamp,
        limit: u32,
    ) -> Result<Vec<EventRow>, StoreError> {
        conditions.values.push(Value::Number(i64::from(limit)));
        let lock = if self.engine == Engine::Postgres && !archived {
            "FOR UPDATE"
        } else {
            ""
        };
        let numbers = format!(
            "SELECT e.number FROM {} e {} ORDER BY e.number LIMIT ${} {lock}",
            table(archived),
            conditions.sql(),
            conditions.values.len()
        );
        let mut rows = vec![];
        for row in &bind(sqlx::query(own(numbers)), conditions.values)
            .fetch_all(&mut *tx)
            .await?
        {
            rows.push(Value::Number(row.number("number")?));
        }
        if rows.is_empty() {
            return Ok(vec![]);
        }
        let chosen = |column: &str| {
            let mut chosen = Conditions::default();
            chosen.any_of(column, rows.clone());
            (chosen.sql(), chosen.values)
        };
        let (which, values) = chosen("e.number");
        let sql = format!(
            "SELECT {COLUMNS}, e.service_id FROM {} {which} ORDER BY e.number",
            source(archived)
        );
        let events = bind(sqlx::query(own(sql)), values)
            .fetch_all(&mut *tx)
            .await?;
        match fate {
            Fate::Archive => {
                let (which, mut values) = chosen("e.number");
                values.push(Value::Number(now.0));
                let sql = format!(
                    "INSERT INTO archived_events ({SAME}, sensor_name, group_name, archived_at)
                     SELECT {SAME}, COALESCE(sensor_name, ''), COALESCE(group_name, ''), ${} FROM {} {which}",
                    values.len(),
                    source(false)
                );
                bind(sqlx::query(own(sql)), values)
                    .execute(&mut *tx)
                    .await?;
            }
            Fate::Remove => self.remove_parts(tx, &events, &chosen).await?,
        }
        let (which, values) = chosen("number");
        let sql = format!("DELETE FROM {} {which}", table(archived));
        bind(sqlx::query(own(sql)), values)
            .execute(&mut *tx)
            .await?;
        events.iter().map(event_row).collect()
    }

    /// Removes what belongs to events, and takes them out of the counts.
    async fn remove_parts(
        &self,
        tx: &mut Connection,
        events: &[sqlx::any::AnyRow],
        chosen: &impl Fn(&str) -> (String, Vec<Value>),
    ) -> Result<(), StoreError> {
        let mut deltas = Deltas::default();
        for event in events {
            let row = event_row(event)?;
            let place = Place {
                sensor: row.sensor.id,
                service: event.number("service_id")?,
                started_at: row.started_at,
            };
            deltas.event(place, row.classification, -1);
            deltas.opening(place, row.source, row.target_port, -1);
            for step in &sqlx::query("SELECT body FROM interactions WHERE event_number = $1")
                .bind(row.number)
                .fetch_all(&mut *tx)
                .await?
            {
                if let Ok(step) = serde_json::from_slice::<Interaction>(&step.bytes("body")?) {
                    deltas.interaction(place, step.at, &step.kind, -1);
                }
            }
        }
        deltas.write(tx, self.writer).await?;
        if self.engine == Engine::Sqlite {
            let (which, values) = chosen("event_number");
            let sql = format!(
                "DELETE FROM event_search WHERE rowid IN (SELECT id FROM event_texts {which})"
            );
            bind(sqlx::query(own(sql)), values)
                .execute(&mut *tx)
                .await?;
        }
        for table in ["event_texts", "event_tags", "packets", "interactions"] {
            let (which, values) = chosen("event_number");
            let sql = format!("DELETE FROM {table} {which}");
            bind(sqlx::query(own(sql)), values)
                .execute(&mut *tx)
                .await?;
        }
        Ok(())
    }
}

fn table(archived: bool) -> &'static str {
    if archived {
        "archived_events"
    } else {
        "events"
    }
}
