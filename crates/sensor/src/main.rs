//! The program `skep-sensor`.

use std::{
    io::{self, IsTerminal},
    process::ExitCode,
};

use clap::Parser;
use skep_sensor::{
    agent,
    options::{Command, Options, Run},
    privileges,
};
use tokio::{
    runtime,
    signal::unix::{SignalKind, signal},
};
use tracing_subscriber::EnvFilter;

fn main() -> ExitCode {
    let options = Options::parse();
    let filter = match EnvFilter::try_new(&options.log) {
        Ok(filter) => filter,
        Err(error) => {
            eprintln!("--log: {error}");
            return ExitCode::FAILURE;
        }
    };
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(io::stderr)
        .with_ansi(io::stderr().is_terminal())
        .init();
    let Command::Run(run) = options.command;
    match start(run) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn start(options: Run) -> Result<(), Box<dyn std::error::Error>> {
    let engine = options.engine();
    if let Some(user) = privileges::drop(&options.user, &options.data, engine)? {
        tracing::info!("started as root, running as {user}");
    }
    if let Some(engine) = engine {
        tracing::info!(
            "images are run by the engine at {}, through which this program could become root",
            engine.display()
        );
    }
    // A sensor mostly waits; more threads would only take memory.
    runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .max_blocking_threads(8)
        .enable_all()
        .build()?
        .block_on(async {
            let (mut interrupt, mut terminate) = (
                signal(SignalKind::interrupt())?,
                signal(SignalKind::terminate())?,
            );
            let stop = async move {
                tokio::select! {
                    _ = interrupt.recv() => {}
                    _ = terminate.recv() => {}
                }
            };
            agent::run(options, stop).await?;
            Ok(())
        })
}
