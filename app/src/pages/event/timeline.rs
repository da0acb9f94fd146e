//! Every step of an event, in order.

use leptos::prelude::*;
use skep_model::{Bytes, Direction, Interaction, InteractionKind, raw};

use super::{Growing, Steps, panels::flags, payload};
use crate::{
    components::{Icon, Payload, Raw, Time, TimeForm, When, duration},
    preferences::use_locale,
    translations::{Locale, td_string},
    view::view,
    words::{self, number},
};

/// How many steps are drawn at first, and how many more at a time.
const STRIDE: usize = 300;
/// How much of a payload stands in its line.
const GLANCE: usize = 120;

/// Which steps to show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    All,
    Logins,
    Commands,
    Data,
}

impl Part {
    fn holds(self, kind: &InteractionKind) -> bool {
        match self {
            Self::All => true,
            Self::Logins => matches!(kind, InteractionKind::Login { .. }),
            Self::Commands => matches!(
                kind,
                InteractionKind::Command { .. } | InteractionKind::Request { .. }
            ),
            Self::Data => {
                matches!(
                    kind,
                    InteractionKind::Data { .. }
                        | InteractionKind::Probe { .. }
                        | InteractionKind::File { .. }
                )
            }
        }
    }
}

/// The timeline with its filter.
#[component]
pub fn Timeline(event: Growing) -> impl IntoView {
    let locale = use_locale();
    let part = RwSignal::new(Part::All);
    let drawn = RwSignal::new(STRIDE);
    let all = Memo::new(move |_| {
        let part = part.get();
        event.places(|kind| part.holds(kind))
    });
    let places =
        move || all.with(|places| places.iter().copied().take(drawn.get()).collect::<Vec<_>>());
    let hidden = move || all.with(Vec::len).saturating_sub(drawn.get()) as u64;
    let count = Signal::derive(move || {
        let count = event.steps.with(Vec::len) as u64;
        td_string!(
            locale,
            event.steps,
            count = count,
            n = number(locale, count)
        )
    });
    let choice = move |wanted: Part, label: &'static str| {
        view! {
            <button type="button" aria-pressed=move || (part.get() == wanted).to_string() on:click=move |_| part.set(wanted)>
                {label}
            </button>
        }
    };
    view! {
        <section class="panel" aria-labelledby="timeline">
            <header>
                <h2 id="timeline">{td_string!(locale, event.timeline)}</h2>
                <p>{count}</p>
                <div class="seg small end" role="group" aria-label=td_string!(locale, event.show)>
                    {choice(Part::All, td_string!(locale, event.all))}
                    {choice(Part::Logins, td_string!(locale, event.logins))}
                    {choice(Part::Commands, td_string!(locale, event.commands))}
                    {choice(Part::Data, td_string!(locale, event.data))}
                </div>
            </header>
            <ol class="tline">
                <Steps places line=move |place| event.step(place).map(|step| line(locale, step)).into_any() />
            </ol>
            <When holds=move || hidden() != 0>
                <div class="foot">
                    <button type="button" class="btn s" on:click=move |_| drawn.update(|drawn| *drawn += STRIDE)>
                        {move || td_string!(locale, event.more, n = number(locale, hidden()))}
                    </button>
                </div>
            </When>
        </section>
    }
}

fn line(locale: Locale, step: Interaction) -> AnyView {
    let whole = payload(&step.kind)
        .filter(|bytes| wants_more(bytes))
        .cloned();
    let (icon, word, hot) = mark(locale, &step.kind);
    let value = value(locale, step.kind);
    view! {
        <li class:hot=hot>
            <Time at=step.at form=TimeForm::Millis />
            <Icon name=icon />
            <span class="w">{word}</span>
            <div class="v">
                {value}
                {whole
                    .map(|bytes| {
                        view! {
                            <details class="whole">
                                <summary>{td_string!(locale, event.whole)}</summary>
                                <Payload bytes />
                            </details>
                        }
                    })}
            </div>
        </li>
    }
}

fn mark(locale: Locale, kind: &InteractionKind) -> (&'static str, &'static str, bool) {
    match kind {
        InteractionKind::Connect => ("link", td_string!(locale, step.connect), false),
        InteractionKind::Banner { .. } => ("info", td_string!(locale, step.banner), false),
        InteractionKind::Login { accepted, .. } => {
            ("key", td_string!(locale, step.login), *accepted)
        }
        InteractionKind::Command { .. } => ("terminal", td_string!(locale, step.command), false),
        InteractionKind::Request { .. } => ("terminal", td_string!(locale, step.request), false),
        InteractionKind::Data {
            direction: Direction::In,
            ..
        } => ("download", td_string!(locale, step.data_in), false),
        InteractionKind::Data {
            direction: Direction::Out,
            ..
        } => ("upload", td_string!(locale, step.data_out), false),
        InteractionKind::File { .. } => ("file", td_string!(locale, step.file), true),
        InteractionKind::Probe { .. } => ("cl-connection", td_string!(locale, step.probe), false),
        InteractionKind::Attribute { name, .. } if name == InteractionKind::URL => {
            ("download", td_string!(locale, step.url), true)
        }
        InteractionKind::Attribute { .. } => ("info", td_string!(locale, step.attribute), false),
        InteractionKind::Note { .. } => ("comment", td_string!(locale, step.note), false),
        InteractionKind::Close { .. } => ("x", td_string!(locale, step.close), false),
    }
}

fn value(locale: Locale, kind: InteractionKind) -> AnyView {
    match kind {
        InteractionKind::Connect => ().into_any(),
        InteractionKind::Banner { text } => view! { <Raw bytes=text /> },
        InteractionKind::Login {
            user,
            secret,
            method,
            accepted,
        } => {
            let result = if accepted {
                td_string!(locale, event.accepted)
            } else {
                td_string!(locale, event.refused)
            };
            let result = if method == skep_model::LoginMethod::Password {
                format!(", {result}")
            } else {
                format!(" ({}), {result}", words::login_method(locale, method))
            };
            view! {
                <Raw bytes=user />
                " / "
                <Raw bytes=secret />
                <span class="own">{result}</span>
            }
        }
        InteractionKind::Command { line, .. } => view! { <Raw bytes=line /> },
        InteractionKind::Request {
            method,
            path,
            headers,
            ..
        } => {
            let headers = headers
                .into_iter()
                .map(|(name, value)| {
                    view! {
                        <li>
                            <Raw bytes=name />
                            ": "
                            <Raw bytes=value />
                        </li>
                    }
                })
                .collect_view();
            view! {
                <Raw bytes=method />
                " "
                <Raw bytes=path />
                <ul class="headers">{headers}</ul>
            }
        }
        InteractionKind::Data { bytes, .. } => glance(locale, &bytes),
        InteractionKind::File { name, size, sha256 } => view! {
            <Raw bytes=name />
            <p class="hint mono">{format!("{}, SHA-256 {sha256}", words::size(locale, size))}</p>
        },
        InteractionKind::Probe {
            port,
            transport,
            flags: set,
            payload,
            ..
        } => {
            let port = format!("{transport} {port} {}", flags(set));
            let bytes = (!payload.0.is_empty()).then(|| glance(locale, &payload));
            view! {
                <span class="mono">{port}</span>
                " "
                {bytes}
            }
        }
        InteractionKind::Attribute { name, value } => {
            // The field's name is the honeypot's, but it came over the wire: it is bytes like any other.
            view! {
                <Raw bytes=Bytes::from(name) />
                ": "
                <Raw bytes=value />
            }
        }
        InteractionKind::Note { text } => view! {
            <span class="own">
                <Raw bytes=Bytes::from(text) />
            </span>
        },
        InteractionKind::Close {
            reason,
            duration: lasted,
        } => ending(locale, reason, lasted),
    }
}

fn ending(locale: Locale, reason: String, lasted: i64) -> AnyView {
    let lasted = duration(locale, lasted);
    let reason = match words::ending(locale, &reason) {
        Some(word) => word.into_any(),
        None => view! { <Raw bytes=Bytes::from(reason) /> },
    };
    view! {
        <span class="own">
            {reason}
            {format!(", {lasted}")}
        </span>
    }
}

/// Whether a payload says more than its line shows: it is long, or there are bytes in it that are no text.
fn wants_more(bytes: &Bytes) -> bool {
    let is_text = |byte: &u8| byte.is_ascii_graphic() || byte.is_ascii_whitespace();
    bytes.0.len() > GLANCE || !bytes.0.iter().all(is_text)
}

/// The beginning of a payload and its size.
fn glance(locale: Locale, bytes: &Bytes) -> AnyView {
    let start = raw::cut(&bytes.0, GLANCE);
    let size = words::size(locale, bytes.0.len() as u64);
    let rest = (start.len() < bytes.0.len()).then_some(" …");
    let shown = if start.is_empty() {
        ().into_any()
    } else {
        view! { <Raw bytes=Bytes::from(start) /> }
    };
    view! {
        {shown}
        {rest}
        " "
        <span class="faint">{size}</span>
    }
}
