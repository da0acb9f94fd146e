//! Places at which a test build kills itself; nothing at all in every other build.

/// Kills the process with SIGKILL if this is the place that `SKEP_KILL_AT` names, at the `SKEP_KILL_AFTER`th time.
#[cfg(feature = "kill-points")]
pub(crate) fn reached(place: &str) {
    use std::sync::atomic::{AtomicU64, Ordering};
    static TIMES: AtomicU64 = AtomicU64::new(0);
    if std::env::var("SKEP_KILL_AT").as_deref() != Ok(place) {
        return;
    }
    let after = std::env::var("SKEP_KILL_AFTER")
        .ok()
        .and_then(|n| n.parse().ok())
        .unwrap_or(1);
    if TIMES.fetch_add(1, Ordering::SeqCst) + 1 >= after {
        let _ =
            rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL);
    }
}

/// Whether this build was told to acknowledge before it commits: the fault that the tests must find.
#[cfg(feature = "kill-points")]
pub(crate) fn acknowledges_too_early() -> bool {
    std::env::var("SKEP_FAULT").as_deref() == Ok("ack-before-commit")
}

#[cfg(not(feature = "kill-points"))]
pub(crate) const fn reached(_place: &str) {}

#[cfg(not(feature = "kill-points"))]
pub(crate) const fn acknowledges_too_early() -> bool {
    false
}
