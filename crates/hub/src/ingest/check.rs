//! Checks of one part: a sensor may be broken, or taken over.

use std::time::Duration;

use skep_model::{Bytes, Interaction, InteractionKind, Timestamp, limits, raw};
use skep_protocol::part::Part;

/// The longest of the sensor's own words (a note, a reason, an attribute's name), in bytes.
const WORDS: usize = 1000;
/// The most of an error that is told: it is stored for each bad part, and shown.
const QUOTED: usize = 200;
/// How far ahead of the server's clock a sensor's may be.
const AHEAD: Duration = Duration::from_hours(24);
/// 2020-01-01: no sensor is older.
const EARLIEST: Timestamp = Timestamp(1_577_836_800_000);

/// Reads and checks a part. The error is for the person who looks at the quarantine.
pub(crate) fn part(bytes: &[u8], now: Timestamp) -> Result<Part, String> {
    if bytes.len() > limits::PART {
        return Err(format!("longer than {} bytes", limits::PART));
    }
    let part: Part = serde_json::from_slice(bytes)
        .map_err(|error| format!("cannot be read: {}", short(&error)))?;
    match &part {
        Part::Open {
            at,
            interactions: steps,
            ..
        } => {
            time(*at, now)?;
            interactions(steps, 0, now)?;
        }
        Part::Extend {
            first,
            interactions: steps,
            ..
        } => {
            if steps.is_empty() {
                return Err("extends an event by nothing".to_owned());
            }
            interactions(steps, *first, now)?;
        }
        Part::Close { at, .. } | Part::Restart { at } => time(*at, now)?,
    }
    Ok(part)
}

/// Where JSON is wrong, and how. The error quotes what the sensor sent, however long that is.
pub(crate) fn short(error: &serde_json::Error) -> String {
    let (line, column) = (error.line(), error.column());
    let problem = error.to_string();
    let problem = raw::visible(raw::cut(problem.as_bytes(), QUOTED));
    format!("line {line}, column {column}: {problem}")
}

fn time(at: Timestamp, now: Timestamp) -> Result<(), String> {
    if at < EARLIEST || at > now.after(AHEAD) {
        return Err(format!("happened at {}, which cannot be", at.to_rfc3339()));
    }
    Ok(())
}

fn interactions(steps: &[Interaction], first: u32, now: Timestamp) -> Result<(), String> {
    let last = u64::from(first) + steps.len() as u64;
    if last > u64::from(limits::INTERACTIONS) {
        return Err(format!("more than {} interactions", limits::INTERACTIONS));
    }
    for step in steps {
        time(step.at, now)?;
        kind(&step.kind)?;
    }
    Ok(())
}

fn kind(kind: &InteractionKind) -> Result<(), String> {
    let words = match kind {
        InteractionKind::Attribute { name, .. } => name,
        InteractionKind::Note { text } => text,
        InteractionKind::Close { reason, .. } => reason,
        InteractionKind::File { sha256, .. } => {
            if sha256.len() != 64 || !sha256.bytes().all(|b| b.is_ascii_hexdigit()) {
                return Err("a file's SHA-256 is not 64 hexadecimal digits".to_owned());
            }
            sha256
        }
        _ => "",
    };
    if words.len() > WORDS {
        return Err(format!(
            "a name, note or reason is longer than {WORDS} bytes"
        ));
    }
    let outgoing = if let InteractionKind::Data { bytes, .. } = kind {
        bytes.0.len()
    } else {
        0
    };
    if outgoing.max(kind.values().into_iter().map(longest).max().unwrap_or(0)) > limits::VALUE {
        return Err(format!("a value is longer than {} bytes", limits::VALUE));
    }
    Ok(())
}

fn longest(bytes: &Bytes) -> usize {
    bytes.0.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp(1_800_000_000_000);

    #[test]
    fn a_part_is_refused_with_the_reason() {
        for (json, reason) in [
            ("{}", "cannot be read"),
            (r#"{"part":"restart","at":1}"#, "which cannot be"),
            (
                r#"{"part":"restart","at":9000000000000}"#,
                "which cannot be",
            ),
            (
                r#"{"part":"extend","event":"01890a5d-ac96-774b-bcce-b302099a8057","first":0,"interactions":[]}"#,
                "by nothing",
            ),
            (
                r#"{"part":"extend","event":"01890a5d-ac96-774b-bcce-b302099a8057","first":4294967295,
                    "interactions":[{"at":1790000000000,"kind":"connect"}]}"#,
                "more than",
            ),
        ] {
            let error = part(json.as_bytes(), NOW).err();
            assert!(
                error.as_ref().is_some_and(|e| e.contains(reason)),
                "{json}: {error:?}"
            );
        }
    }

    #[test]
    fn a_reason_does_not_grow_with_what_was_sent() {
        let long = format!("\"{}\"", "a\u{202e}".repeat(100_000));
        let reason = part(long.as_bytes(), NOW).err().unwrap_or_default();
        assert!(
            reason.starts_with("cannot be read: line 1, column "),
            "{reason}"
        );
        assert!(reason.len() < 1000, "{}", reason.len());
    }

    #[test]
    fn the_longest_value_is_taken_and_one_byte_more_is_not() {
        let with = |length| {
            let kind = InteractionKind::Command {
                line: Bytes(vec![b'a'; length]),
                protocol: false,
            };
            let part = Part::Extend {
                event: skep_model::ids::EventId::new(),
                first: 0,
                interactions: vec![Interaction { at: NOW, kind }],
            };
            serde_json::to_vec(&part).unwrap_or_default()
        };
        assert!(part(&with(limits::VALUE), NOW).is_ok());
        assert!(part(&with(limits::VALUE + 1), NOW).is_err());
    }
}
