//! The program `skep-bench`: measures, and prints ratios.

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use skep_bench::{ingest::Ingest, roll_out::RollOut};

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
    /// From the tick to a green cell against `docker pull` and `docker run` by hand; inside scripts/engine.sh.
    RollOut(RollOut),
}

#[tokio::main]
async fn main() -> ExitCode {
    // Measuring from outside takes the same cryptography as the server; it is no fault if it was chosen before.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let measured = match CommandLine::parse().command {
        Command::Ingest(ingest) => ingest.run().await,
        Command::RollOut(roll_out) => roll_out.run().await,
    };
    match measured {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("skep-bench: {error}");
            ExitCode::FAILURE
        }
    }
}
