//! Playing a terminal session again: its screens, or an asciicast file.

use std::fmt::Write as _;

use skep_model::{Refusal, console::EventDetail, ids::EventId, replay::Replay};

use crate::{Actor, Hub, HubError};

mod draw;

use draw::{Decoder, draw, outputs, size};

/// An asciicast, version 2. The text holds control sequences as they were sent: a player interprets them.
fn asciicast(detail: &EventDetail) -> String {
    let (columns, rows) = size(&detail.interactions);
    let header = serde_json::json!({
        "version": 2,
        "width": columns,
        "height": rows,
        "timestamp": detail.row.started_at.0 / 1000,
        "title": format!("Skep event {}", detail.row.number),
    });
    let mut file = format!("{header}\n");
    let mut decoder = Decoder::default();
    let mut begin = None;
    for output in outputs(&detail.interactions) {
        let begin = *begin.get_or_insert(output.at);
        let seconds = (output.at - begin) as f64 / 1000.0;
        let text = decoder.text(output.bytes);
        let _ = writeln!(file, "{}", serde_json::json!([seconds, "o", text]));
    }
    file
}

impl Hub {
    /// The terminal of an event, to be played again.
    pub async fn replay(&self, actor: &Actor, id: EventId) -> Result<Replay, HubError> {
        let detail = self.event(actor, id).await?;
        // Up to a million characters are drawn: not on a thread that others wait for.
        let drawn = tokio::task::spawn_blocking(move || draw(&detail.interactions)).await;
        Ok(drawn.unwrap_or_default())
    }

    /// The terminal of an event as an asciicast file.
    pub async fn asciicast(&self, actor: &Actor, id: EventId) -> Result<String, HubError> {
        let detail = self.event(actor, id).await?;
        if outputs(&detail.interactions).next().is_none() {
            return Err(Refusal::NotFound.into());
        }
        Ok(asciicast(&detail))
    }
}
