//! A payload as text or as a hex dump.

use leptos::prelude::*;
use skep_model::Bytes;

use super::RawText;
use crate::{preferences::use_locale, translations::td_string, view::view};

/// How much of a payload is drawn. The rest is said to be there.
const DRAWN: usize = 16 * 1024;

/// Bytes with a switch between text and hex.
#[component]
pub fn Payload(
    /// What was sent.
    bytes: Bytes,
) -> impl IntoView {
    let locale = use_locale();
    let hex = RwSignal::new(false);
    let cut = bytes.0.len().saturating_sub(DRAWN);
    let drawn = StoredValue::new(Bytes(bytes.0[..bytes.0.len().min(DRAWN)].to_vec()));
    let way = move |wanted: bool, label: &'static str| {
        view! {
            <button
                type="button"
                aria-pressed=move || (hex.get() == wanted).to_string()
                on:click=move |_| hex.set(wanted)
            >
                {label}
            </button>
        }
    };
    view! {
        <div class="payload">
            <div class="payload-head">
                <span class="faint">{crate::words::size(locale, bytes.0.len() as u64)}</span>
                <div class="seg small" role="group" aria-label=td_string!(locale, bytes.shown_as)>
                    {way(false, td_string!(locale, bytes.text))}
                    {way(true, td_string!(locale, bytes.hex))}
                </div>
            </div>
            <div class="payload-body" tabindex="0" role="group" aria-label=td_string!(locale, bytes.payload)>
                {move || {
                    if hex.get() {
                        view! { <code class="raw hex">{dump(&drawn.read_value().0)}</code> }
                    } else {
                        view! { <RawText bytes=drawn.get_value() /> }
                    }
                }}
            </div>
            {(cut > 0)
                .then(|| {
                    let size = crate::words::size(locale, cut as u64);
                    view! { <p class="hint">{td_string!(locale, bytes.more, size = size)}</p> }
                })}
        </div>
    }
}

/// Sixteen bytes a line: offset, hex, ASCII. Every character of it is ours.
fn dump(bytes: &[u8]) -> String {
    use std::fmt::Write;

    let mut out = String::with_capacity(bytes.len() * 5);
    for (line, chunk) in bytes.chunks(16).enumerate() {
        let _ = write!(out, "{:04x} ", line * 16);
        for place in 0..16 {
            if place == 8 {
                out.push(' ');
            }
            match chunk.get(place) {
                Some(byte) => {
                    let _ = write!(out, " {byte:02x}");
                }
                None => out.push_str("   "),
            }
        }
        out.push_str("  ");
        out.extend(chunk.iter().map(|byte| {
            if byte.is_ascii_graphic() || *byte == b' ' {
                *byte as char
            } else {
                '·'
            }
        }));
        out.push('\n');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::dump;

    #[test]
    fn a_dump_shows_offset_hex_and_ascii() {
        let shown = dump(b"GET / HTTP/1.0\r\n\0\xff<script>");
        let lines: Vec<&str> = shown.lines().collect();
        assert_eq!(
            lines[0],
            "0000  47 45 54 20 2f 20 48 54  54 50 2f 31 2e 30 0d 0a  GET / HTTP/1.0··"
        );
        assert_eq!(
            lines[1],
            "0010  00 ff 3c 73 63 72 69 70  74 3e                    ··<script>"
        );
    }
}
