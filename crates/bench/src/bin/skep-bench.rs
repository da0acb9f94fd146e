//! The program `skep-bench`: measures, and prints ratios.

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use skep_bench::ingest::Ingest;

/// Measures two ways of doing the same side by side, and prints the ratio.
#[derive(Debug, Parser)]
#[command(name = "skep-bench", version)]
struct CommandLine {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Durable ingest over HTTP against direct insertion of the same rows.
    Ingest(Ingest),
}

#[tokio::main]
async fn main() -> ExitCode {
    let Command::Ingest(ingest) = CommandLine::parse().command;
    match ingest.run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("skep-bench: {error}");
            ExitCode::FAILURE
        }
    }
}
