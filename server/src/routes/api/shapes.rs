//! What the API answers: the model's types, with attacker bytes both readable and exact.

use base64::{Engine, engine::general_purpose::STANDARD};
use serde::Serialize;
use serde_json::{Value, json};
use skep_model::{
    Bytes, Interaction, InteractionKind, Timestamp,
    console::{EventDetail, EventRow, Packet},
    sensor::SensorSample,
    system::QuarantineView,
};

/// A page of a list.
#[derive(Debug, Serialize)]
pub(crate) struct Page<T> {
    /// The items.
    pub(crate) items: Vec<T>,
    /// What to pass as `cursor` or `before` for the next page; null on the last.
    pub(crate) next: Option<String>,
}

impl<T> Page<T> {
    /// A list that fits one page.
    pub(crate) fn whole(items: Vec<T>) -> Self {
        Self { items, next: None }
    }
}

/// Bytes from outside: `text` with escapes in place, to be read; `base64` exactly.
fn bytes(bytes: &Bytes) -> Value {
    json!({ "text": bytes.visible(), "base64": STANDARD.encode(&bytes.0) })
}

/// An event without its interactions.
pub(crate) fn event(row: &EventRow) -> Value {
    json!({
        "id": row.id,
        "number": row.number,
        "started_at": row.started_at.to_rfc3339(),
        "ended_at": row.ended_at.map(Timestamp::to_rfc3339),
        "sensor": { "id": row.sensor.id, "name": row.sensor.name },
        "group": { "id": row.group.id, "name": row.group.name },
        "service": row.service,
        "source": { "address": row.source, "port": row.source_port, "country": row.country },
        "target_port": row.target_port,
        "transport": row.transport,
        "classification": row.classification,
        "severity": row.severity,
        "status": row.status,
        "summary": row.digest.summary(),
        "count": row.count,
        "totals": {
            "interactions": row.digest.interactions,
            "logins": row.digest.logins,
            "accepted_logins": row.digest.accepted,
            "commands": row.digest.commands,
            "requests": row.digest.requests,
            "files": row.digest.files,
            "probes": row.digest.probes,
            "bytes_in": row.digest.bytes_in,
        },
    })
}

/// An event with everything in it.
pub(crate) fn whole_event(detail: &EventDetail) -> Value {
    let mut value = event(&detail.row);
    value["comment"] = json!(detail.comment);
    value["received_at"] = json!(detail.received_at.to_rfc3339());
    value["archived_at"] = json!(detail.archived_at.map(Timestamp::to_rfc3339));
    value["interactions"] = detail.interactions.iter().map(interaction).collect();
    value["packets"] = detail.packets.iter().map(packet).collect();
    value
}

fn interaction(step: &Interaction) -> Value {
    let mut value = match &step.kind {
        InteractionKind::Connect => json!({}),
        InteractionKind::Banner { text } => json!({ "text": bytes(text) }),
        InteractionKind::Login {
            user,
            secret,
            method,
            accepted,
        } => {
            json!({ "user": bytes(user), "secret": bytes(secret), "method": method, "accepted": accepted })
        }
        InteractionKind::Command { line } => json!({ "line": bytes(line) }),
        InteractionKind::Request {
            method,
            path,
            headers,
            body,
        } => json!({
            "method": bytes(method),
            "path": bytes(path),
            "headers": headers.iter().map(|(name, value)| json!([bytes(name), bytes(value)])).collect::<Vec<_>>(),
            "body": bytes(body),
        }),
        InteractionKind::Data {
            direction,
            bytes: data,
        } => json!({ "direction": direction, "bytes": bytes(data) }),
        InteractionKind::File { name, size, sha256 } => {
            json!({ "name": bytes(name), "size": size, "sha256": sha256 })
        }
        InteractionKind::Probe {
            port,
            transport,
            flags,
            payload,
        } => {
            json!({ "port": port, "transport": transport, "flags": flags, "payload": bytes(payload) })
        }
        InteractionKind::Attribute { name, value } => {
            json!({ "name": name, "value": bytes(value) })
        }
        InteractionKind::Note { text } => json!({ "text": text }),
        InteractionKind::Close { reason, duration } => {
            json!({ "reason": reason, "duration_ms": duration })
        }
    };
    value["at"] = json!(step.at.to_rfc3339());
    value["kind"] = json!(step.kind.word());
    value
}

/// A rejected part.
pub(crate) fn quarantined(part: &QuarantineView) -> Value {
    json!({
        "id": part.id,
        "sensor": part.sensor,
        "received_at": part.received_at.to_rfc3339(),
        "reason": part.reason,
        "raw": bytes(&part.raw),
    })
}

/// How a sensor was at a moment.
pub(crate) fn sample(sample: &SensorSample) -> Value {
    json!({
        "at": sample.at.to_rfc3339(),
        "presence": sample.presence,
        "memory_bytes": sample.memory,
        "disk_used_bytes": sample.disk_used,
        "disk_total_bytes": sample.disk_total,
        "queued": sample.queued,
        "round_trip_ms": sample.round_trip,
        "uptime_s": sample.uptime,
    })
}

fn packet(packet: &Packet) -> Value {
    json!({
        "at": packet.at.to_rfc3339(),
        "transport": packet.transport,
        "port": packet.port,
        "flags": packet.flags,
        "payload": bytes(&packet.payload),
    })
}
