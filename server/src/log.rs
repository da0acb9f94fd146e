//! Logs: one line each, to standard error, without colour codes.

use tracing_subscriber::EnvFilter;

/// Starts logging. `filter` is a level (`info`) or tracing's directives (`info,skep_hub=debug`).
pub fn start(filter: &str) {
    let filter = EnvFilter::try_new(filter).unwrap_or_else(|_| EnvFilter::new("info"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(false)
        .init();
}
