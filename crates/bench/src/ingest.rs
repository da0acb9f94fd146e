//! Durable ingest over HTTP against direct insertion of the same rows.

use std::{path::PathBuf, time::Duration, time::Instant};

use clap::{Args, ValueEnum};
use skep_model::Timestamp;
use skep_protocol::token::EnrolmentToken;
use skep_store::Engine;
use tokio::task::JoinSet;

use crate::{
    Result,
    attacks::{Attacks, BATCH},
    database::{Contents, Database, Sizes},
    direct, rows,
    sensor::Sensor,
    server::Server,
    set_up::SetUp,
};

/// Both sides are measured so many times in turn, and the better figure of each counts.
const ROUNDS: usize = 2;

/// What is measured.
#[derive(Clone, Debug, Args)]
pub struct Ingest {
    /// On which database.
    #[arg(long)]
    engine: EngineName,
    /// `postgres://…`: a cluster in which databases can be made; `scripts/postgres.sh` starts one.
    #[arg(long, env = "SKEP_TEST_POSTGRES", hide_env_values = true)]
    database_url: Option<String>,
    /// How many events, at least: the last batch is filled.
    #[arg(long, default_value_t = 20_000, value_parser = clap::value_parser!(u64).range(1..=500_000))]
    events: u64,
    /// How many sensors send at the same time.
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u64).range(1..=64))]
    sensors: u64,
    /// The server's program.
    #[arg(long, default_value = "target/release/skep-server")]
    server: PathBuf,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum EngineName {
    Sqlite,
    Postgres,
}

/// What a sensor is going to send.
struct Load {
    sensor: Sensor,
    bodies: Vec<Vec<u8>>,
}

impl Ingest {
    /// Measures both sides in turn, and prints the ratio.
    pub async fn run(&self) -> Result<()> {
        let (mut over_http, mut directly) = (vec![], vec![]);
        let mut last = None;
        for _ in 0..ROUNDS {
            let database = self.database().await?;
            let (took, batches) = self.over_http(&database).await?;
            over_http.push(took);
            let stored = database.contents().await?;
            let per_batch = (stored.events as usize).div_ceil(batches);
            let rows = rows::read(&mut database.connect().await?, per_batch).await?;

            let second = self.database().await?;
            let mut connection = second.connect().await?;
            directly.push(direct::insert(&mut connection, second.engine, &rows).await?);
            drop(connection);
            let inserted = second.contents().await?;
            if stored != inserted {
                return Err(format!(
                    "the two sides do not hold the same: {stored:?}, {inserted:?}"
                )
                .into());
            }
            last = Some((stored, second.sizes().await?, per_batch));
            database.remove().await?;
            second.remove().await?;
        }
        if let Some((contents, sizes, per_batch)) = last {
            self.print(&contents, &sizes, per_batch, &over_http, &directly);
        }
        Ok(())
    }

    async fn database(&self) -> Result<Database> {
        let engine = match self.engine {
            EngineName::Sqlite => Engine::Sqlite,
            EngineName::Postgres => Engine::Postgres,
        };
        Database::create(engine, self.database_url.as_deref()).await
    }

    /// Sends everything to a real server; returns how long that took and how many batches it were.
    async fn over_http(&self, database: &Database) -> Result<(Duration, usize)> {
        let tokens = self.tokens(database).await?;
        let server = Server::start(&self.server, database).await?;
        let loads = self.loads(&server, &tokens).await?;
        let batches = loads.iter().map(|load| load.bodies.len()).sum();
        let mut sending = JoinSet::new();
        let begun = Instant::now();
        for Load { sensor, bodies } in loads {
            sending.spawn(async move {
                for body in bodies {
                    sensor.send(&body).await?;
                }
                Result::Ok(())
            });
        }
        while let Some(sent) = sending.join_next().await {
            sent??;
        }
        let took = begun.elapsed();
        server.kill().await?;
        Ok((took, batches))
    }

    /// Sets a server up, and adds the sensors.
    async fn tokens(&self, database: &Database) -> Result<Vec<EnrolmentToken>> {
        let set_up = SetUp::new(database).await?;
        let mut tokens = vec![];
        for number in 1..=self.sensors {
            tokens.push(set_up.sensor(&format!("sensor-{number}")).await?);
        }
        set_up.finish().await;
        Ok(tokens)
    }

    /// Enrols the sensors, and makes all that they are going to send: that is no part of what is measured.
    async fn loads(&self, server: &Server, tokens: &[EnrolmentToken]) -> Result<Vec<Load>> {
        let mut loads = vec![];
        for token in tokens {
            let sensor = Sensor::enrol(&server.url, token).await?;
            let targets = sensor.targets().await?;
            loads.push((
                Load {
                    sensor,
                    bodies: vec![],
                },
                targets,
            ));
        }
        let mut attacks = Attacks::new(1, self.events / 2);
        let hour = 3_600_000;
        let (begin, mut made) = (Timestamp::now().0 - hour, 0);
        while made < self.events {
            for (load, targets) in &mut loads {
                let at =
                    Timestamp(begin + hour * made.min(self.events) as i64 / self.events as i64);
                let (parts, events) = attacks.batch(targets, at);
                load.bodies.push(load.sensor.encode(&parts)?);
                made += events as u64;
            }
        }
        Ok(loads.into_iter().map(|(load, _)| load).collect())
    }

    fn print(
        &self,
        contents: &Contents,
        sizes: &Sizes,
        per_batch: usize,
        over_http: &[Duration],
        directly: &[Duration],
    ) {
        let engine = match self.engine {
            EngineName::Sqlite => "SQLite",
            EngineName::Postgres => "PostgreSQL",
        };
        let mebibytes = |bytes: i64| bytes as f64 / f64::from(1 << 20);
        let Contents {
            events,
            sources,
            rows,
            ..
        } = contents;
        println!("durable ingest over HTTP against direct insertion, {engine}");
        println!("  data       {events} events from {sources} sources, {rows} rows");
        println!(
            "  batches    {BATCH} parts (about {per_batch} events, whole ones); {} sensors at a time",
            self.sensors
        );
        println!(
            "  size       {:.1} MiB, of it indexes {:.1} MiB, trigrams {:.1} MiB",
            mebibytes(sizes.total),
            mebibytes(sizes.indexes),
            mebibytes(sizes.search)
        );
        for (side, rounds) in [("over HTTP", over_http), ("direct", directly)] {
            let best = best(rounds);
            let all: Vec<String> = rounds
                .iter()
                .map(|round| format!("{:.2} s", round.as_secs_f64()))
                .collect();
            println!(
                "  {side:<10} {:.0} events/s, {:.0} rows/s (rounds: {})",
                *events as f64 / best,
                *rows as f64 / best,
                all.join(", ")
            );
        }
        println!(
            "  ratio      {:.2} (goal: at least 0.50)",
            best(directly) / best(over_http)
        );
    }
}

/// The seconds of the fastest round.
fn best(rounds: &[Duration]) -> f64 {
    rounds.iter().min().map_or(f64::NAN, Duration::as_secs_f64)
}
