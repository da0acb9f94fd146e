//! What an event holds, each kind in its own panel.

use leptos::prelude::*;
use skep_model::{Bytes, InteractionKind, console::Packet};

use super::{Growing, Steps, is_out, payload, replay::Player};
use crate::{
    components::{Icon, Payload, Raw, RawText, Time, TimeForm},
    preferences::use_locale,
    translations::td_string,
    view::view,
    words::{self, number},
};

/// The most bytes of a terminal's output that are drawn; of a longer one, the end.
const TERMINAL: usize = 64 * 1024;

/// Whether it is a try to log in.
pub fn is_login(kind: &InteractionKind) -> bool {
    matches!(kind, InteractionKind::Login { .. })
}

/// Whether it is a command.
pub fn is_command(kind: &InteractionKind) -> bool {
    matches!(kind, InteractionKind::Command { .. })
}

/// Whether it is a file left here, or an address to fetch from.
pub fn is_trace(kind: &InteractionKind) -> bool {
    matches!(kind, InteractionKind::File { .. })
        || matches!(kind, InteractionKind::Attribute { name, .. } if name == InteractionKind::URL)
}

/// The names and passwords tried.
#[component]
pub fn Credentials(event: Growing) -> impl IntoView {
    let locale = use_locale();
    let tried = Signal::derive(move || {
        event.row.with(|row| {
            let tried = u64::from(row.digest.logins);
            let let_in = number(locale, row.digest.accepted.into());
            td_string!(
                locale,
                event.tried,
                count = tried,
                n = number(locale, tried),
                accepted = let_in
            )
        })
    });
    let line = move |place: usize| {
        let Some(InteractionKind::Login {
            user,
            secret,
            method,
            accepted,
        }) = event.step(place).map(|step| step.kind)
        else {
            return None;
        };
        let result = if accepted {
            view! {
                <span class="hot">
                    <Icon name="key" small=true />
                    {td_string!(locale, event.accepted)}
                </span>
            }
        } else {
            view! { <span class="muted">{td_string!(locale, event.refused)}</span> }
        };
        let method = (method != skep_model::LoginMethod::Password).then(
            || view! { " " <span class="faint">{words::login_method(locale, method)}</span> },
        );
        Some(view! {
            <tr>
                <td data-l=td_string!(locale, event.user)>
                    <Raw bytes=user />
                </td>
                <td data-l=td_string!(locale, event.password)>
                    <Raw bytes=secret />
                    {method}
                </td>
                <td data-l=td_string!(locale, event.result)>{result}</td>
            </tr>
        })
    };
    view! {
        <section class="panel" aria-labelledby="credentials">
            <header>
                <h2 id="credentials">{td_string!(locale, event.credentials)}</h2>
                <p>{tried}</p>
            </header>
            <div class="scroll" tabindex="0" role="group" aria-labelledby="credentials">
                <table class="tbl cards">
                    <thead>
                        <tr>
                            <th scope="col">{td_string!(locale, event.user)}</th>
                            <th scope="col">{td_string!(locale, event.password)}</th>
                            <th scope="col">{td_string!(locale, event.result)}</th>
                        </tr>
                    </thead>
                    <tbody>
                        <Steps places=move || event.places(is_login) line=move |place| line(place).into_any() />
                    </tbody>
                </table>
            </div>
        </section>
    }
}

/// The commands typed.
#[component]
pub fn Commands(event: Growing) -> impl IntoView {
    let locale = use_locale();
    let count =
        Signal::derive(move || number(locale, event.row.with(|row| row.digest.commands.into())));
    let line = move |place: usize| {
        let step = event.step(place)?;
        let InteractionKind::Command { line, .. } = step.kind else {
            return None;
        };
        Some(view! {
            <li>
                <Time at=step.at form=TimeForm::Millis />
                <code>
                    <Raw bytes=line />
                </code>
            </li>
        })
    };
    view! {
        <section class="panel" aria-labelledby="commands">
            <header>
                <h2 id="commands">{td_string!(locale, event.commands)}</h2>
                <p>{count}</p>
            </header>
            <div class="scroll" tabindex="0" role="group" aria-labelledby="commands">
                <ol class="cmds">
                    <Steps places=move || event.places(is_command) line=move |place| line(place).into_any() />
                </ol>
            </div>
        </section>
    }
}

/// What the honeypot answered, as text.
#[component]
pub fn Terminal(event: Growing) -> impl IntoView {
    let locale = use_locale();
    let output = Memo::new(move |_| {
        let mut all: Vec<u8> = event.steps.with(|steps| {
            steps
                .iter()
                .filter(|step| is_out(&step.kind))
                .filter_map(|step| payload(&step.kind))
                .flat_map(|bytes| bytes.0.iter().copied())
                .collect()
        });
        all.drain(..all.len().saturating_sub(TERMINAL));
        Bytes(all)
    });
    view! {
        <section class="panel" aria-labelledby="terminal">
            <header>
                <h2 id="terminal">{td_string!(locale, event.terminal)}</h2>
                <p>{td_string!(locale, event.terminal_hint)}</p>
            </header>
            <Player id=event.id() />
            <div class="term" tabindex="0" role="group" aria-labelledby="terminal">
                {move || view! { <RawText bytes=output.get() /> }}
            </div>
        </section>
    }
}

/// Files left here and addresses to fetch from.
#[component]
pub fn Traces(event: Growing) -> impl IntoView {
    let locale = use_locale();
    let line = move |place: usize| {
        let (kind, value, about) = match event.step(place)?.kind {
            InteractionKind::File { name, size, sha256 } => (
                td_string!(locale, step.file),
                name,
                Some((words::size(locale, size), sha256)),
            ),
            InteractionKind::Attribute { value, .. } => (td_string!(locale, step.url), value, None),
            _ => return None,
        };
        Some(view! {
            <tr>
                <td data-l=td_string!(locale, event.kind)>{kind}</td>
                <td data-l=td_string!(locale, event.value)>
                    <Raw bytes=value />
                    {about
                        .map(|(size, sha256)| {
                            view! { <p class="hint mono">{format!("{size}, SHA-256 {sha256}")}</p> }
                        })}
                </td>
            </tr>
        })
    };
    view! {
        <section class="panel" aria-labelledby="traces">
            <header>
                <h2 id="traces">{td_string!(locale, event.traces)}</h2>
                <p>{td_string!(locale, event.never_fetched)}</p>
            </header>
            <table class="tbl cards">
                <thead>
                    <tr>
                        <th scope="col">{td_string!(locale, event.kind)}</th>
                        <th scope="col">{td_string!(locale, event.value)}</th>
                    </tr>
                </thead>
                <tbody>
                    <Steps places=move || event.places(is_trace) line=move |place| line(place).into_any() />
                </tbody>
            </table>
        </section>
    }
}

/// Bytes that no honeypot has a name for.
#[component]
pub fn Payloads(event: Growing) -> impl IntoView {
    /// The most payloads drawn here; the timeline has them all.
    const DRAWN: usize = 20;
    let locale = use_locale();
    let places = move || {
        let mut places = event.places(|kind| payload(kind).is_some());
        places.truncate(DRAWN);
        places
    };
    let line = move |place: usize| {
        let step = event.step(place)?;
        let bytes = payload(&step.kind)?.clone();
        let way = if is_out(&step.kind) {
            td_string!(locale, step.data_out)
        } else {
            td_string!(locale, step.data_in)
        };
        let port = match &step.kind {
            InteractionKind::Probe {
                port, transport, ..
            } => Some(format!(" {transport} {port}")),
            _ => None,
        };
        Some(view! {
            <li>
                <p class="hint">
                    <Time at=step.at form=TimeForm::Millis />
                    " "
                    {way}
                    {port}
                </p>
                <Payload bytes />
            </li>
        })
    };
    view! {
        <section class="panel" aria-labelledby="payloads">
            <header>
                <h2 id="payloads">{td_string!(locale, event.payloads)}</h2>
            </header>
            <ol class="payloads">
                <Steps places line=move |place| line(place).into_any() />
            </ol>
        </section>
    }
}

/// Packets as they came.
#[component]
pub fn Packets(packets: Vec<Packet>) -> impl IntoView {
    let locale = use_locale();
    let count = number(locale, packets.len() as u64);
    let lines = packets
        .into_iter()
        .map(|packet| {
            let size = words::size(locale, packet.payload.0.len() as u64);
            let body = (!packet.payload.0.is_empty()).then(|| view! { <Payload bytes=packet.payload /> });
            view! {
                <li>
                    <p class="hint">
                        <Time at=packet.at form=TimeForm::Millis />
                        {format!(" {} {} {} {size}", packet.transport, packet.port, flags(packet.flags))}
                    </p>
                    {body}
                </li>
            }
        })
        .collect_view();
    view! {
        <section class="panel" aria-labelledby="packets">
            <header>
                <h2 id="packets">{td_string!(locale, event.packets)}</h2>
                <p>{count}</p>
            </header>
            <ol class="payloads">{lines}</ol>
        </section>
    }
}

/// TCP flags by their letters.
pub fn flags(flags: Option<u8>) -> String {
    const LETTERS: [char; 8] = ['F', 'S', 'R', 'P', 'A', 'U', 'E', 'C'];
    let flags = flags.unwrap_or(0);
    LETTERS
        .iter()
        .enumerate()
        .filter(|(bit, _)| flags & (1 << bit) != 0)
        .map(|(_, letter)| *letter)
        .collect()
}
