//! The one way in which bytes from outside get into a page: as text, in their own type face, with everything
//! that is not plain text drawn as a marked escape.

use leptos::prelude::*;
use skep_model::{Bytes, raw::Segment};

use crate::{preferences::use_locale, translations::td_string, view::view};

fn pieces(bytes: &[u8]) -> Vec<AnyView> {
    skep_model::raw::segments(bytes)
        .into_iter()
        .map(|segment| match segment {
            Segment::Text(text) => view! { <span>{text}</span> },
            Segment::Escape(name) => view! { <span class="esc">{name}</span> },
        })
        .collect()
}

/// Bytes as one run of text.
#[component]
pub fn Raw(
    /// What somebody else typed.
    bytes: Bytes,
) -> impl IntoView {
    let locale = use_locale();
    if bytes.0.is_empty() {
        view! { <span class="faint">{td_string!(locale, bytes.empty)}</span> }
    } else {
        view! { <bdi class="raw">{pieces(&bytes.0)}</bdi> }
    }
}

/// Bytes as lines of text: line ends and tabs do what they do in a terminal, all else is escaped as ever.
#[component]
pub fn RawText(
    /// What somebody else typed.
    bytes: Bytes,
) -> impl IntoView {
    let lines = bytes
        .0
        .split(|byte| *byte == b'\n')
        .map(|line| line.strip_suffix(b"\r").unwrap_or(line))
        .map(|line| {
            // A line without a character would have no height.
            let cells = line
                .split(|byte| *byte == b'\t')
                .map(<[u8]>::to_vec)
                .collect::<Vec<_>>();
            let cells = cells
                .into_iter()
                .enumerate()
                .map(|(index, cell)| {
                    view! {
                        {(index > 0).then(|| view! { <span class="tab">"\t"</span> })}
                        {pieces(&cell)}
                    }
                })
                .collect_view();
            view! { <bdi class="line">{cells}</bdi> }
        })
        .collect_view();
    view! { <code class="raw lines">{lines}</code> }
}
