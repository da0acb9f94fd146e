//! The program `sensor-sim`: sensors that send made-up attacks to a server at a steady rate.

use std::{
    process::ExitCode,
    time::{Duration, Instant},
};

use clap::Parser;
use reqwest::Url;
use skep_bench::{
    Result,
    attacks::{Attacks, BATCH, Targets},
    sensor::Sensor,
};
use skep_model::Timestamp;
use skep_protocol::token::EnrolmentToken;
use tokio::task::JoinSet;

/// Sends made-up attacks to a server of this machine, and says how it took them.
#[derive(Debug, Parser)]
#[command(name = "sensor-sim", version)]
struct CommandLine {
    /// The server's plain listener, http://127.0.0.1:PORT.
    #[arg(long)]
    server: Url,
    /// An enrolment token from the console's Sensors page; once for each sensor.
    #[arg(long = "token", required = true)]
    tokens: Vec<EnrolmentToken>,
    /// Events per second, of all sensors together.
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..))]
    rate: u32,
    /// For how long.
    #[arg(long, default_value_t = 10)]
    seconds: u64,
    /// From how many addresses the attacks come, at most.
    #[arg(long, default_value_t = 10_000)]
    sources: u64,
}

/// What a sensor saw.
#[derive(Default)]
struct Tally {
    events: u64,
    busy: u32,
    /// How long each batch waited for its acknowledgement.
    waits: Vec<Duration>,
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(CommandLine::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("sensor-sim: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(line: CommandLine) -> Result<()> {
    let mut sensors = vec![];
    for token in &line.tokens {
        let sensor = Sensor::enrol(&line.server, token).await?;
        let targets = sensor.targets().await?;
        sensors.push((sensor, targets));
    }
    let rate = f64::from(line.rate) / sensors.len() as f64;
    let length = Duration::from_secs(line.seconds);
    let begun = Instant::now();
    let mut sending = JoinSet::new();
    for (seed, (sensor, targets)) in (1..).zip(sensors) {
        let attacks = Attacks::new(seed, line.sources);
        sending.spawn(send(sensor, targets, attacks, rate, length));
    }
    let mut all = Tally::default();
    while let Some(tally) = sending.join_next().await {
        let tally = tally??;
        all.events += tally.events;
        all.busy += tally.busy;
        all.waits.extend(tally.waits);
    }
    let seconds = begun.elapsed().as_secs_f64();
    all.waits.sort_unstable();
    println!(
        "{} events accepted in {seconds:.1} s, {:.0} events/s; {} batches, {} times too busy",
        all.events,
        all.events as f64 / seconds,
        all.waits.len(),
        all.busy
    );
    println!(
        "acknowledged after p50 {:.1} ms, p95 {:.1} ms",
        percentile(&all.waits, 50),
        percentile(&all.waits, 95)
    );
    Ok(())
}

/// Sends what is due, at most about a batch at once; what a slow server leaves behind is sent later, or not at all.
async fn send(
    mut sensor: Sensor,
    targets: Targets,
    mut attacks: Attacks,
    rate: f64,
    length: Duration,
) -> Result<Tally> {
    let mut tally = Tally::default();
    let begun = Instant::now();
    while begun.elapsed() < length {
        let due = (begun.elapsed().as_secs_f64() * rate) as u64;
        if due <= tally.events {
            let next = begun + Duration::from_secs_f64((tally.events + 1) as f64 / rate);
            tokio::time::sleep_until(next.into()).await;
            continue;
        }
        let mut parts = vec![];
        while tally.events < due && parts.len() < BATCH {
            parts.extend(attacks.event(&targets, Timestamp::now()));
            tally.events += 1;
        }
        let body = sensor.encode(&parts)?;
        let sent = Instant::now();
        tally.busy += sensor.send(&body).await?.busy;
        tally.waits.push(sent.elapsed());
    }
    Ok(tally)
}

/// Milliseconds.
fn percentile(sorted: &[Duration], percent: usize) -> f64 {
    let place = (sorted.len() * percent / 100).min(sorted.len().saturating_sub(1));
    sorted
        .get(place)
        .map_or(f64::NAN, |wait| wait.as_secs_f64() * 1000.0)
}
