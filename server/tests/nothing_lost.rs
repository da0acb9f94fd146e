//! Nothing is lost: the real server and a real sensor, killed with SIGKILL where it hurts, on both databases.
//!
//! A round attacks, and lets the programs kill themselves at seeded places: the sensor between receiving and
//! fsync, between fsync and sending, between the answer and noting it; the server between receiving and commit,
//! between commit and acknowledging. They are started again until everything is delivered. Then every part that
//! the sensor's journal says was on disk must be stored, exactly once, and the rollups must agree.

#![cfg(feature = "kill-points")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    missing_docs,
    clippy::print_stdout,
    reason = "a test may fail"
)]

#[path = "support/programs.rs"]
mod programs;
#[path = "nothing_lost/rounds.rs"]
mod rounds;
mod support;

use rounds::{Outcome, run_rounds};
use support::Engine;

/// How many rounds each database gets: 20, or what `make soak` says.
fn rounds() -> u64 {
    std::env::var("SKEP_SOAK_ROUNDS")
        .ok()
        .and_then(|n| n.parse().ok())
        .unwrap_or(20)
}

fn check(engine: Engine) {
    let outcome = run_rounds(engine, 1..=rounds(), None);
    println!("{engine:?}: {outcome}");
    assert_eq!(outcome.problems, Vec::<String>::new());
    for (place, kills) in &outcome.kills {
        assert!(
            *kills >= 3,
            "{place}: killed {kills} times, which says little"
        );
    }
    assert!(
        outcome.parts > 100,
        "only {} parts were written",
        outcome.parts
    );
}

#[test]
fn sqlite() {
    check(Engine::Sqlite);
}

#[test]
fn postgres() {
    check(Engine::Postgres);
}

/// The test itself must be able to fail: a server that acknowledges before it commits loses events.
#[test]
fn a_server_that_acknowledges_too_early_is_found() {
    let outcome: Outcome = run_rounds(Engine::Sqlite, 1..=3, Some("ack-before-commit"));
    println!("a faulty server: {outcome}");
    assert!(
        outcome
            .problems
            .iter()
            .any(|problem| problem.contains("is not stored")),
        "a server that loses events was not found: {outcome}"
    );
}
