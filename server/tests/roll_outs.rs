//! Roll-outs arrive: the real server, a real sensor and a real engine, killed with SIGKILL while a service with images
//! is rolled out.
//!
//! Each round changes over the API what is desired, kills one of the three a while later, and has it started again. Then
//! exactly what is desired must run, of the desired revision, and reachable; an attack must make exactly its event. When
//! nothing is desired any longer, nothing may be left: no container, network, image or rule of the firewall's.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    missing_docs,
    clippy::print_stdout,
    reason = "a test may fail"
)]

#[path = "images/archives.rs"]
mod archives;
#[path = "support/client.rs"]
mod client;
#[path = "roll_outs/image.rs"]
mod image;
#[path = "support/programs.rs"]
mod programs;
#[path = "../../crates/containers/tests/support/surroundings.rs"]
mod surroundings;
#[path = "roll_outs/world.rs"]
mod world;

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use client::Client;
use image::{Revision, revision};
use programs::Programs;
use serde_json::{Value, json};
use surroundings::{Outside, engine_host, engine_is_back, kill_engine, program};
use world::{Desired, World, images};

/// What an operator changes.
#[derive(Clone, Copy, Debug)]
enum Step {
    /// An instance more, at this of the ports.
    Assign(usize),
    /// Another revision for all.
    Revision(u64),
    /// The instance at this of the ports no longer.
    Remove(usize),
}

#[derive(Clone, Copy, Debug)]
enum Victim {
    Sensor,
    Engine,
    Server,
}

/// From nothing to nothing. No two of the three lists have lengths with a common divisor, so that every step meets
/// every victim after every delay, if there are rounds enough.
const STEPS: [Step; 7] = [
    Step::Assign(0),
    Step::Revision(2),
    Step::Assign(1),
    Step::Revision(3),
    Step::Remove(0),
    Step::Revision(1),
    Step::Remove(1),
];
const VICTIMS: [Victim; 3] = [Victim::Sensor, Victim::Engine, Victim::Server];
/// At once, while images are fetched and loaded, while containers start, and when all is done.
const DELAYS: [u64; 5] = [0, 150, 400, 900, 2500];

const SERVICE: &str = "pot";

/// How many rounds there are: those from nothing to nothing once, or as often as `make soak` says.
fn rounds() -> usize {
    let asked = std::env::var("SKEP_SOAK_ROUNDS").ok();
    let asked = asked.and_then(|rounds| rounds.parse().ok());
    asked.unwrap_or(STEPS.len()).next_multiple_of(STEPS.len())
}

struct RollOuts {
    programs: Programs,
    /// The sensor's, for its enrolment.
    token: String,
    world: World,
    revisions: Vec<Revision>,
    desired: Desired,
    attacks: usize,
}

impl RollOuts {
    /// A server with a service of three revisions, of which the sensor runs none.
    async fn start(data: &std::path::Path) -> Self {
        let mut programs = Programs::new(data, None, None);
        programs.engine = engine_host();
        let before = images();
        programs.start_server(None);
        let client = Client::new(programs.url(), programs.admin_token());
        let token = programs.token();
        programs.start_sensor(&token, None);
        let revisions: Vec<_> = (1..=3).map(|number| revision(program(), number)).collect();
        for (revision, label) in revisions.iter().zip(["1.0", "1.1", "1.2"]) {
            client
                .upload(
                    &format!("name={SERVICE}&label={label}"),
                    revision.archive.clone(),
                )
                .await;
        }
        let sensor = client.sensor().await["id"].as_str().unwrap().to_owned();
        Self {
            programs,
            token,
            world: World {
                client,
                sensor,
                service: SERVICE,
                ports: [2060, 2061],
                outside: Outside::new(60),
                images: before,
            },
            desired: Desired {
                instances: BTreeMap::new(),
                revision: 1,
                image: revisions[0].image.clone(),
            },
            revisions,
            attacks: 0,
        }
    }

    async fn change(&mut self, step: Step) {
        let (client, sensor) = (&self.world.client, &self.world.sensor);
        match step {
            Step::Assign(place) => {
                let port = self.world.ports[place];
                let instance = client.assign(sensor, SERVICE, &[port]).await;
                self.desired.instances.insert(instance, port);
            }
            Step::Revision(number) => {
                client
                    .edit(
                        &format!("services/{SERVICE}"),
                        json!({ "revision": number }),
                    )
                    .await;
                self.desired.revision = number;
                let revision = &self.revisions[number as usize - 1];
                self.desired.image.clone_from(&revision.image);
            }
            Step::Remove(place) => {
                let port = self.world.ports[place];
                let mut gone = self.desired.instances.extract_if(.., |_, at| *at == port);
                client.unassign(sensor, &gone.next().unwrap().0).await;
            }
        }
    }

    /// Kills, and starts again what whoever looks after services would.
    fn kill(&mut self, victim: Victim) {
        match victim {
            Victim::Sensor => {
                self.programs.kill_sensor();
                self.programs.start_sensor(&self.token, None);
            }
            Victim::Server => {
                self.programs.kill_server();
                self.programs.start_server(None);
            }
            Victim::Engine => {
                kill_engine();
                std::thread::sleep(Duration::from_millis(300));
                engine_is_back();
            }
        }
    }

    /// Attacks every instance; each attack must come out as one event, once.
    async fn attack(&mut self, round: usize) -> Result<(), String> {
        let outside = &self.world.outside;
        for port in self.desired.instances.values() {
            let line = format!("round {round} at {port}");
            outside
                .connect(&outside.here()[0], *port, &[&line])
                .ok_or_else(|| format!("nobody answers at port {port}"))?;
            self.attacks += 1;
            let mut found = vec![];
            for _ in 0..100 {
                let events = self.world.client.events(&outside.there()[0]).await;
                found = events
                    .into_iter()
                    .filter(|event| typed(event) == [&line])
                    .collect();
                if found.iter().any(|event| !event["ended_at"].is_null()) {
                    break;
                }
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
            let [event] = &found[..] else {
                return Err(format!("{line:?} is in {} events: {found:?}", found.len()));
            };
            let place = (&event["service"], &event["target_port"]);
            if place != (&json!(SERVICE), &json!(port)) || event["ended_at"].is_null() {
                return Err(format!("{line:?} came out as {event}"));
            }
        }
        Ok(())
    }

    async fn round(&mut self, round: usize) -> Result<Duration, String> {
        self.change(STEPS[round % STEPS.len()]).await;
        tokio::time::sleep(Duration::from_millis(DELAYS[round % DELAYS.len()])).await;
        self.kill(VICTIMS[round % VICTIMS.len()]);
        let took = self.world.converge(&self.desired).await?;
        self.attack(round).await?;
        Ok(took)
    }
}

/// What was typed.
fn typed(event: &Value) -> Vec<&str> {
    let steps = event["interactions"].as_array().unwrap().iter();
    let commands = steps.filter(|step| step["kind"] == "command");
    commands
        .map(|command| command["line"]["text"].as_str().unwrap())
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_is_killed_exactly_what_is_desired_runs_in_the_end() {
    let data = tempfile::tempdir().unwrap();
    let mut roll_outs = RollOuts::start(data.path()).await;
    let mut longest = Duration::ZERO;
    for round in 0..rounds() {
        let what = format!(
            "round {round}: {:?}, and after {} ms SIGKILL for the {:?}",
            STEPS[round % STEPS.len()],
            DELAYS[round % DELAYS.len()],
            VICTIMS[round % VICTIMS.len()],
        );
        match roll_outs.round(round).await {
            Ok(took) => {
                println!("{what}: {:.1} s", took.as_secs_f32());
                longest = longest.max(took);
            }
            Err(problem) => panic!(
                "{what}: {problem}\nserver: {}\nsensor: {}",
                roll_outs.programs.last_words("server.log"),
                roll_outs.programs.last_words("sensor.log"),
            ),
        }
    }
    // Nothing was reported once more afterwards.
    let World {
        client, outside, ..
    } = &roll_outs.world;
    let events = client.events(&outside.there()[0]).await;
    let lines: Vec<_> = events.iter().flat_map(typed).collect();
    let distinct: BTreeSet<_> = lines.iter().collect();
    assert_eq!(lines.len(), distinct.len(), "{lines:?}");
    println!(
        "{} rounds, {} attacks, {:.1} s at most until all is as it shall be",
        rounds(),
        roll_outs.attacks,
        longest.as_secs_f32()
    );
}
