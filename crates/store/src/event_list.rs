//! The event list: rows by any filter, newest first, paged by key.

use skep_model::{
    Classification, Digest, Network, Severity, Status, Transport,
    console::{Cursor, EventQuery, EventRow, SensorRef, Tally},
    ids::GroupId,
    sensor::GroupRef,
};
use sqlx::{
    Any,
    any::{AnyArguments, AnyRow},
    query::Query,
};

use crate::{Scope, Store, StoreError, database::own, read::Read};

/// Which events to list.
#[derive(Clone, Debug)]
pub struct Listing<'a> {
    /// Who may see what.
    pub scope: &'a Scope,
    /// Which of those.
    pub query: &'a EventQuery,
    /// Older than this one.
    pub before: Option<Cursor>,
    /// How many at most.
    pub limit: u32,
}

/// The columns of [`event_row`].
pub(crate) const COLUMNS: &str = "e.number, e.id, e.started_at, e.ended_at, e.source, e.source_port, e.target_port, e.transport, \
     e.classification, e.severity, e.status, e.count, e.interactions, e.logins, e.accepted, e.commands, e.requests, e.files, \
     e.probes, e.bytes_in, e.subject, e.country, e.sensor_id, e.group_id, e.next_index, e.comment, e.received_at, \
     e.sensor_name, e.group_name, e.service_name, e.archived_at";

/// Live events under the alias `e`, with the names of today. A sensor or group that was removed leaves its events
/// without a name.
const LIVE: &str = "(SELECT x.*, s.name AS sensor_name, g.name AS group_name, v.name AS service_name, \
     CAST(NULL AS BIGINT) AS archived_at FROM events x LEFT JOIN sensors s ON s.id = x.sensor_id \
     LEFT JOIN groups g ON g.id = x.group_id JOIN services v ON v.id = x.service_id) e";

/// Archived events under the alias `e`, with the names of their time.
const ARCHIVED: &str = "(SELECT x.*, v.name AS service_name FROM archived_events x JOIN services v ON v.id = x.service_id) e";

/// Where events are read from.
pub(crate) fn source(archived: bool) -> &'static str {
    if archived { ARCHIVED } else { LIVE }
}

/// A value to bind.
#[derive(Clone, Debug)]
pub(crate) enum Value {
    Number(i64),
    Bytes(Vec<u8>),
    Text(String),
}

pub(crate) type AnyQuery<'q> = Query<'q, Any, AnyArguments>;

pub(crate) fn bind(mut query: AnyQuery<'_>, values: Vec<Value>) -> AnyQuery<'_> {
    for value in values {
        query = match value {
            Value::Number(number) => query.bind(number),
            Value::Bytes(bytes) => query.bind(bytes),
            Value::Text(text) => query.bind(text),
        };
    }
    query
}

/// Conditions that must all hold, and the values in them.
#[derive(Default)]
pub(crate) struct Conditions {
    sql: Vec<String>,
    pub(crate) values: Vec<Value>,
}

impl Conditions {
    /// Adds `column operator $n`.
    pub(crate) fn add(&mut self, comparison: &str, value: Value) {
        self.values.push(value);
        self.sql
            .push(format!("{comparison} ${}", self.values.len()));
    }

    /// Adds `column IN (…)`, or nothing for no values.
    pub(crate) fn any_of(&mut self, column: &str, values: Vec<Value>) {
        if values.is_empty() {
            return;
        }
        let first = self.values.len() + 1;
        let list: Vec<String> = (first..first + values.len())
            .map(|n| format!("${n}"))
            .collect();
        self.sql.push(format!("{column} IN ({})", list.join(", ")));
        self.values.extend(values);
    }

    /// Adds the groups that may be seen.
    pub(crate) fn scope(&mut self, column: &str, scope: &Scope) {
        match scope {
            Scope::Everything => {}
            Scope::Groups(groups) if groups.is_empty() => self.sql.push("1 = 0".to_owned()),
            Scope::Groups(groups) => {
                self.any_of(
                    column,
                    groups
                        .iter()
                        .map(|id| Value::Bytes(id.as_bytes().to_vec()))
                        .collect(),
                );
            }
        }
    }

    /// Adds that `sensor_id` is a sensor of one of these groups.
    pub(crate) fn sensors_of(&mut self, groups: &[GroupId]) {
        let mut inner = Self {
            sql: vec![],
            values: std::mem::take(&mut self.values),
        };
        inner.scope("group_id", &Scope::Groups(groups.to_vec()));
        self.sql.push(format!(
            "sensor_id IN (SELECT id FROM sensors {})",
            inner.sql()
        ));
        self.values = inner.values;
    }

    /// Adds to the condition that was added last.
    pub(crate) fn extend_last(&mut self, sql: &str) {
        if let Some(last) = self.sql.last_mut() {
            last.push_str(sql);
        }
    }

    /// Adds a condition of constants only.
    pub(crate) fn plain(&mut self, sql: &str) {
        self.sql.push(sql.to_owned());
    }

    /// `WHERE …`, or nothing.
    pub(crate) fn sql(&self) -> String {
        if self.sql.is_empty() {
            String::new()
        } else {
            format!("WHERE {}", self.sql.join(" AND "))
        }
    }

    /// The conditions of an event query, on the alias `e`.
    pub(crate) fn events(scope: &Scope, query: &EventQuery) -> Self {
        let mut conditions = Self::default();
        let numbers = |values: Vec<i64>| values.into_iter().map(Value::Number).collect();
        conditions.scope("e.group_id", scope);
        conditions.any_of(
            "e.sensor_id",
            query
                .sensor
                .iter()
                .map(|id| Value::Bytes(id.as_bytes().to_vec()))
                .collect(),
        );
        match query.source.map(Network::ends) {
            Some((first, last)) if first == last => {
                conditions.add("e.source =", Value::Bytes(first.to_bytes().to_vec()));
            }
            Some((first, last)) => {
                conditions.add("e.source >=", Value::Bytes(first.to_bytes().to_vec()));
                conditions.add("e.source <=", Value::Bytes(last.to_bytes().to_vec()));
            }
            None => {}
        }
        if !query.service.is_empty() {
            let first = conditions.values.len() + 1;
            let list: Vec<String> = (first..first + query.service.len())
                .map(|n| format!("${n}"))
                .collect();
            conditions.sql.push(format!(
                "e.service_id IN (SELECT id FROM services WHERE name IN ({}))",
                list.join(", ")
            ));
            conditions.values.extend(
                query
                    .service
                    .iter()
                    .map(|name| Value::Text(name.to_string())),
            );
        }
        conditions.any_of(
            "e.classification",
            numbers(query.classification.iter().map(|v| v.number()).collect()),
        );
        conditions.any_of(
            "e.severity",
            numbers(query.severity.iter().map(|v| v.number()).collect()),
        );
        conditions.any_of(
            "e.status",
            numbers(query.status.iter().map(|v| v.number()).collect()),
        );
        if let Some(since) = query.since {
            conditions.add("e.started_at >=", Value::Number(since.0));
        }
        conditions
    }
}

/// Reads the columns of [`COLUMNS`].
pub(crate) fn event_row(row: &AnyRow) -> Result<EventRow, StoreError> {
    Ok(EventRow {
        id: row.id("id")?,
        number: row.number("number")?,
        started_at: row.time("started_at")?,
        ended_at: row.maybe_time("ended_at")?,
        sensor: SensorRef {
            id: row.id("sensor_id")?,
            name: row.maybe_text("sensor_name")?.unwrap_or_default(),
        },
        group: GroupRef {
            id: row.id("group_id")?,
            name: row.maybe_text("group_name")?.unwrap_or_default(),
        },
        service: row.word("service_name")?,
        source: row.id("source")?,
        source_port: u16::try_from(row.number("source_port")?).unwrap_or_default(),
        target_port: u16::try_from(row.number("target_port")?).unwrap_or_default(),
        transport: row.parsed("transport", Transport::from_number)?,
        classification: row.parsed("classification", Classification::from_number)?,
        severity: row.parsed("severity", Severity::from_number)?,
        status: row.parsed("status", Status::from_number)?,
        digest: Digest {
            interactions: row.count("interactions")?,
            logins: row.count("logins")?,
            accepted: row.count("accepted")?,
            commands: row.count("commands")?,
            requests: row.count("requests")?,
            files: row.count("files")?,
            probes: row.count("probes")?,
            bytes_in: row.number("bytes_in")? as u64,
            subject: row.data("subject")?,
        },
        count: row.count("count")?,
        country: row.maybe_text("country")?,
    })
}

impl Store {
    /// The newest events that match, newest first.
    pub async fn list_events(&self, listing: &Listing<'_>) -> Result<Vec<EventRow>, StoreError> {
        let mut conditions = Conditions::events(listing.scope, listing.query);
        if let Some(Cursor { started_at, number }) = listing.before {
            let at = conditions.values.len() + 1;
            conditions.plain(&format!(
                "(e.started_at < ${at} OR (e.started_at = ${at} AND e.number < ${}))",
                at + 1
            ));
            conditions
                .values
                .extend([Value::Number(started_at.0), Value::Number(number)]);
        }
        conditions
            .values
            .push(Value::Number(i64::from(listing.limit)));
        let sql = format!(
            "SELECT {COLUMNS} FROM {} {} ORDER BY e.started_at DESC, e.number DESC LIMIT ${}",
            source(listing.query.archived),
            conditions.sql(),
            conditions.values.len()
        );
        let rows = bind(sqlx::query(own(sql)), conditions.values)
            .fetch_all(&self.read)
            .await?;
        rows.iter().map(event_row).collect()
    }

    /// How many events match, counted up to `most`.
    pub async fn count_events(
        &self,
        scope: &Scope,
        query: &EventQuery,
        most: u32,
    ) -> Result<u64, StoreError> {
        let (found, values) = up_to("1 AS one", "", scope, query, most);
        let sql = format!("SELECT COUNT(*) AS n FROM {found}");
        let row = bind(sqlx::query(own(sql)), values)
            .fetch_one(&self.read)
            .await?;
        Ok(row.number("n")? as u64)
    }

    /// How many events match, by what they are; of more than `most` the newest are counted.
    pub async fn tally_events(
        &self,
        scope: &Scope,
        query: &EventQuery,
        most: u32,
    ) -> Result<Tally, StoreError> {
        let columns = "e.severity, e.classification, e.service_id";
        let newest = "ORDER BY e.started_at DESC, e.number DESC";
        let (found, values) = up_to(columns, newest, scope, query, most);
        let sql = format!(
            "SELECT k.severity, k.classification, v.name AS service_name, k.n FROM \
             (SELECT severity, classification, service_id, COUNT(*) AS n FROM {found} \
             GROUP BY severity, classification, service_id) AS k JOIN services v ON v.id = k.service_id"
        );
        let rows = bind(sqlx::query(own(sql)), values)
            .fetch_all(&self.read)
            .await?;
        let mut tally = Tally::default();
        for row in &rows {
            tally.add(
                row.parsed("severity", Severity::from_number)?,
                row.parsed("classification", Classification::from_number)?,
                &row.word("service_name")?,
                row.number("n")? as u64,
            );
        }
        Ok(tally)
    }
}

/// The query for at most `most` events that match, and what to bind to it.
fn up_to(
    columns: &str,
    order: &str,
    scope: &Scope,
    query: &EventQuery,
    most: u32,
) -> (String, Vec<Value>) {
    let table = if query.archived {
        "archived_events"
    } else {
        "events"
    };
    let mut conditions = Conditions::events(scope, query);
    conditions.values.push(Value::Number(i64::from(most)));
    let sql = format!(
        "(SELECT {columns} FROM {table} e {} {order} LIMIT ${}) AS found",
        conditions.sql(),
        conditions.values.len()
    );
    (sql, conditions.values)
}
