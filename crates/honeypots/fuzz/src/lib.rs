//! A visit to a honeypot, over a wire in memory and with a clock that never waits; and the rules that hold for
//! whatever a visitor says.
#![allow(clippy::expect_used, reason = "a broken rule is a panic")]

use std::{net::SocketAddr, sync::Arc};

use serde_json::Value;
use skep_honeypots::{
    contract::{Peer, Service},
    find,
    listen::{Limits, in_memory},
    record::{Clock, Report, Reporter},
};
use skep_model::{
    Interaction, InteractionKind,
    ids::InstanceId,
    limits::{EVENT, INTERACTIONS, VALUE},
    raw,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, duplex, split},
    runtime::Builder,
    sync::mpsc,
    task::yield_now,
    time::{Duration, sleep},
};

/// What the visitor's side of the wire holds until the honeypot reads it.
const WIRE: usize = 16 * 1024;
/// How long an event may stay open after its visitor has gone.
const AFTERWARDS: Duration = Duration::from_mins(3);

/// A honeypot with these settings, which must be right.
///
/// # Panics
/// When there is no such honeypot, or the settings are wrong.
#[must_use]
pub fn honeypot(name: &str, settings: &Value) -> Arc<dyn Service> {
    let settings = settings.as_object().expect("settings are an object");
    let honeypot = find(name).expect("a honeypot of that name");
    match honeypot.configure(settings, &[5; 32]) {
        Ok(service) => service,
        Err(error) => panic!("{error}"),
    }
}

/// What a visit came to.
#[derive(Debug, PartialEq, Eq)]
pub struct Visit {
    /// What the honeypot said.
    pub answered: Vec<u8>,
    /// What it recorded; the time that the event took is left out.
    pub steps: Vec<InteractionKind>,
}

/// Says these pieces, one after the other, and then nothing more.
///
/// # Panics
/// When what is recorded breaks a rule that holds for every honeypot.
#[must_use]
pub fn visit<'a>(service: &Arc<dyn Service>, pieces: impl Iterator<Item = &'a [u8]>) -> Visit {
    // The same input takes the same way every time, also where a honeypot chooses something at random.
    fastrand::seed(1);
    let runtime = Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .build()
        .expect("a runtime");
    let (answered, reports) = runtime.block_on(talk(service, pieces));
    Visit {
        answered,
        steps: steps(reports),
    }
}

async fn talk<'a>(
    service: &Arc<dyn Service>,
    pieces: impl Iterator<Item = &'a [u8]>,
) -> (Vec<u8>, Vec<Report>) {
    let peer = Peer {
        source: SocketAddr::from(([127, 0, 0, 1], 40_000)),
        target: SocketAddr::from(([127, 0, 0, 1], 20_000)),
    };
    let (here, there) = duplex(WIRE);
    // A honeypot that waits for itself may take the visitor for silent, depending on when it heard the last piece.
    let limits = Limits {
        idle: Limits::default().session,
        ..Limits::default()
    };
    let stream = in_memory(there, peer, limits).expect("a place");
    let (sender, mut receiver) = mpsc::channel(64);
    let name = "fuzzing".parse().expect("a service's name");
    let reporter = Reporter::new(name, InstanceId::new(), 1, Clock::default(), sender);
    let honeypot = async {
        service.connection(stream, peer, &reporter).await;
        let afterwards = sleep(AFTERWARDS);
        tokio::select! {
            () = async { service.background().await; std::future::pending().await } => {}
            () = afterwards => {}
        }
        drop(reporter);
    };
    let visitor = async {
        let (mut read, mut write) = split(here);
        let hear = async {
            let mut answered = vec![];
            let _ = read.read_to_end(&mut answered).await;
            answered
        };
        let say = async {
            for piece in pieces {
                // The honeypot may have had enough before the visitor has said it all.
                if write.write_all(piece).await.is_err() {
                    break;
                }
                // The honeypot takes this piece before the next one comes.
                yield_now().await;
                yield_now().await;
            }
            let _ = write.shutdown().await;
        };
        tokio::join!(hear, say).0
    };
    let collect = async {
        let mut reports = vec![];
        while let Some(report) = receiver.recv().await {
            reports.push(report);
        }
        reports
    };
    let ((), answered, reports) = tokio::join!(honeypot, visitor, collect);
    (answered, reports)
}

/// The steps of the one event that a visit is.
fn steps(reports: Vec<Report>) -> Vec<InteractionKind> {
    let mut reports = reports.into_iter();
    let opened = match reports.next() {
        Some(Report::Open { event, .. }) => event,
        other => panic!("no event opened: {other:?}"),
    };
    let mut steps = vec![];
    let mut closed = false;
    for report in reports {
        assert!(!closed, "something came after the end: {report:?}");
        match report {
            Report::Step {
                event,
                index,
                interaction,
            } => {
                assert_eq!((event, index as usize), (opened, steps.len()));
                steps.push(checked(interaction));
            }
            Report::Close { event, .. } => {
                assert_eq!(event, opened);
                closed = true;
            }
            Report::Open { .. } => panic!("a visit is one event"),
        }
    }
    assert!(closed, "the event did not end: {steps:?}");
    assert!(steps.len() <= INTERACTIONS as usize);
    let kept: usize = steps.iter().map(InteractionKind::size).sum();
    assert!(kept <= EVENT + 2 * VALUE, "{kept} bytes");
    if let Some(InteractionKind::Close { duration, .. }) = steps.last_mut() {
        *duration = 0;
    } else {
        panic!("no reason was given: {steps:?}");
    }
    steps
}

/// A step as the server takes it: within its bounds, and with words of our own where words of our own belong.
fn checked(interaction: Interaction) -> InteractionKind {
    let json = serde_json::to_string(&interaction).expect("a step is written");
    let read: Interaction = serde_json::from_str(&json).expect("what was written is read");
    assert_eq!(read, interaction);
    let kind = interaction.kind;
    for value in kind.values() {
        assert!(value.0.len() <= VALUE, "{} bytes", value.0.len());
    }
    let words = match &kind {
        InteractionKind::Note { text } => text,
        InteractionKind::Close { reason, .. } => reason,
        InteractionKind::Attribute { name, .. } => name,
        _ => "",
    };
    assert!(
        words.len() <= 1000 && raw::visible(words.as_bytes()) == words,
        "{words:?}"
    );
    kind
}

/// The input in pieces, and the choice that its first byte makes.
#[must_use]
pub fn choose(input: &[u8], choices: usize) -> (usize, &[u8]) {
    match input.split_first() {
        Some((first, rest)) => (usize::from(*first) % choices, rest),
        None => (0, input),
    }
}

/// Demands that all lines were recorded, if the honeypot has heard them all. `word` takes what stands before the value
/// that is recorded off a line.
///
/// # Panics
/// When a line is missing.
pub fn demand_lines(visit: &Visit, said: &[u8], value: impl Fn(&[u8]) -> &[u8]) {
    let Some(InteractionKind::Close { reason, .. }) = visit.steps.last() else {
        return;
    };
    if reason != "closed by the source" {
        return;
    }
    for line in said.split(|b| *b == b'\n') {
        let value = value(line.strip_suffix(b"\r").unwrap_or(line));
        assert!(recorded(&visit.steps, value), "{}", raw::visible(value));
    }
}

/// Whether one of the recorded values has all of this in it.
fn recorded(steps: &[InteractionKind], wanted: &[u8]) -> bool {
    let mut values = steps.iter().flat_map(InteractionKind::values);
    wanted.is_empty()
        || values.any(|value| value.0.windows(wanted.len()).any(|part| part == wanted))
}
