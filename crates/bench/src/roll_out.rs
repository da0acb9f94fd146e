//! From the tick to a green cell, against `docker pull` and `docker run` by hand, of the same image from the same server.

use std::{
    env,
    fmt::Write,
    fs::{self, File},
    io::Read,
    net::{SocketAddr, TcpStream},
    path::{Path, PathBuf},
    process::Stdio,
    time::{Duration, Instant},
};

use clap::Args;
use reqwest::{Client, Method, Url};
use serde_json::{Value, json};
use skep_protocol::token::EnrolmentToken;
use skep_store::Engine;
use tempfile::TempDir;
use tokio::process::{Child, Command};

use crate::{Result, database::Database, server::Server, set_up::SetUp};

/// Both ways are measured so many times in turn, and the median of each counts.
const ROUNDS: usize = 5;

/// The image's layers beside the program, and the bytes of each.
const LAYERS: usize = 5;
const LAYER: usize = 10 * 1024 * 1024;

const SERVICE: &str = "pot";
/// Where the honeypot listens in its container, and how it greets.
const INSIDE: u16 = 22;
const GREETING: &[u8] = b"hello ";
const PORT_OF_SENSOR: u16 = 9022;
const PORT_BY_HAND: u16 = 9023;
/// The network of the container that is run by hand: the engine of scripts/engine.sh has none by default.
const NETWORK: &str = "by-hand";

const LOOK: Duration = Duration::from_millis(10);
const PATIENCE: Duration = Duration::from_mins(2);

/// A small honeypot, linked statically.
const HONEYPOT: &str = include_str!("../../containers/tests/support/honeypot.rs");

/// What is measured.
#[derive(Clone, Debug, Args)]
pub struct RollOut {
    /// The server's program.
    #[arg(long, default_value = "target/release/skep-server")]
    server: PathBuf,
    /// The sensor's program.
    #[arg(long, default_value = "target/release/skep-sensor")]
    sensor: PathBuf,
}

impl RollOut {
    /// Measures both ways in turn, and prints the ratio.
    pub async fn run(&self) -> Result<()> {
        let host = env::var("DOCKER_HOST")
            .map_err(|_| "there is no container engine: run this by scripts/engine.sh")?;
        let _ = rustls::crypto::ring::default_provider().install_default();
        let database = Database::create(Engine::Sqlite, None).await?;
        let set_up = SetUp::new(&database).await?;
        let enrolment = set_up.sensor("sensor").await?;
        let token = set_up.admin_token().await?;
        set_up.finish().await;

        let server = Server::start(&self.server, &database).await?;
        let sensor = self.sensor(&server.tls, &enrolment, database.folder(), &host)?;
        let operator = Operator::new(&server.url, token).await?;
        operator.push().await?;
        operator.docker(&["network", "create", NETWORK]).await?;
        let (mut ours, mut by_hand) = (vec![], vec![]);
        for _ in 0..ROUNDS {
            ours.push(operator.tick().await?);
            by_hand.push(operator.pull_and_run().await?);
        }
        drop(sensor);
        print(&mut ours, &mut by_hand);
        Ok(())
    }

    /// A sensor that runs until it is dropped.
    fn sensor(
        &self,
        server: &Url,
        enrolment: &EnrolmentToken,
        folder: &Path,
        engine: &str,
    ) -> Result<Child> {
        let started = Command::new(&self.sensor)
            .args(["run", "--user", "root", "--engine", engine])
            .args(["--server", server.as_str()])
            .args(["--token", &enrolment.to_string(), "--data"])
            .arg(folder.join("sensor"))
            .stdin(Stdio::null())
            .stderr(File::create(folder.join("sensor.log"))?)
            .kill_on_drop(true)
            .spawn();
        started.map_err(|error| format!("{}: {error}", self.sensor.display()).into())
    }
}

/// Who rolls the service out, in both ways.
struct Operator {
    http: Client,
    server: Url,
    token: String,
    /// Of the server's registry.
    image: String,
    /// For the engine's client: its passwords, and what the image is made of.
    folder: TempDir,
}

impl Operator {
    async fn new(server: &Url, token: String) -> Result<Self> {
        let registry = server.as_str().replace("http://", "").replace('/', "");
        let operator = Self {
            http: Client::builder().no_proxy().build()?,
            server: server.clone(),
            image: format!("{registry}/{SERVICE}:1.0"),
            token,
            folder: tempfile::tempdir()?,
        };
        let token = operator.token.as_str();
        let log_in = ["login", "-u", "token", "-p", token, &registry];
        operator.docker(&log_in).await?;
        Ok(operator)
    }

    /// Has the server's registry have the image, and the engine not.
    async fn push(&self) -> Result<()> {
        let context = self.folder.path().join("context");
        fs::create_dir_all(&context)?;
        compile(&context).await?;
        let mut recipe = "FROM scratch\n".to_owned();
        for layer in 0..LAYERS {
            let mut bytes = vec![0; LAYER];
            getrandom::fill(&mut bytes)?;
            fs::write(context.join(format!("noise{layer}")), bytes)?;
            writeln!(recipe, "COPY noise{layer} /")?;
        }
        write!(
            recipe,
            "COPY honeypot /\nEXPOSE {INSIDE}/tcp\nLABEL skep.events=json-lines skep.ready={INSIDE}/tcp\n\
             LABEL skep.ready.expect=\"hello \"\nCMD [\"/honeypot\", \"serve\", \"{INSIDE}\", \"json\"]\n"
        )?;
        fs::write(context.join("Dockerfile"), recipe)?;
        let context = context.to_string_lossy();
        self.docker(&["build", "--tag", &self.image, &context])
            .await?;
        self.docker(&["push", &self.image]).await?;
        self.no_images().await
    }

    /// How long it takes from the request that deploys it until the API says that it runs.
    async fn tick(&self) -> Result<Duration> {
        let sensor = self.sensor().await?["id"].clone();
        let ports = json!([{ "number": PORT_OF_SENSOR, "transport": "tcp" }]);
        let placement = json!({ "address": "0.0.0.0", "ports": ports });
        let add = json!({ "change": "add", "sensor": sensor, "service": SERVICE, "placement": placement });
        let begun = Instant::now();
        let undo = self.deploy(&add).await?;
        self.until(|sensor| {
            let services = sensor["services"].as_array()?;
            let instance = services.iter().find(|it| it["service"] == SERVICE)?;
            (instance["state"] == "running").then_some(())
        })
        .await?;
        let took = begun.elapsed();
        self.deploy(&undo).await?;
        let begun = Instant::now();
        while !self.docker(&["images", "--quiet"]).await?.is_empty() {
            if begun.elapsed() > PATIENCE {
                return Err("the sensor does not remove its image".into());
            }
            tokio::time::sleep(10 * LOOK).await;
        }
        Ok(took)
    }

    /// How long it takes from `docker pull` until the port answers.
    async fn pull_and_run(&self) -> Result<Duration> {
        let begun = Instant::now();
        self.docker(&["pull", "--quiet", &self.image]).await?;
        let publish = format!("{PORT_BY_HAND}:{INSIDE}");
        let run = ["run", "--detach", "--network", NETWORK, "--publish"];
        let container = self
            .docker(&[&run[..], &[&publish, &self.image]].concat())
            .await?;
        while !answers() {
            if begun.elapsed() > PATIENCE {
                return Err("the container does not answer".into());
            }
            tokio::time::sleep(LOOK).await;
        }
        let took = begun.elapsed();
        self.docker(&["rm", "--force", container.trim()]).await?;
        self.no_images().await?;
        Ok(took)
    }

    async fn no_images(&self) -> Result<()> {
        self.docker(&["rmi", &self.image]).await?;
        self.docker(&["image", "prune", "--force"]).await?;
        Ok(())
    }

    async fn sensor(&self) -> Result<Value> {
        let answer = self.ask(Method::GET, "/api/v1/sensors", &Value::Null);
        Ok(answer.await?["items"][0].clone())
    }

    /// Changes what the sensor runs; returns the change that takes it back.
    async fn deploy(&self, change: &Value) -> Result<Value> {
        let changes = json!({ "changes": [change] });
        let answer = self.ask(Method::POST, "/api/v1/deployments", &changes);
        Ok(answer.await?["undo"][0].clone())
    }

    async fn until(&self, is_so: impl Fn(&Value) -> Option<()>) -> Result<()> {
        let begun = Instant::now();
        loop {
            let sensor = self.sensor().await?;
            if is_so(&sensor).is_some() {
                return Ok(());
            }
            if begun.elapsed() > PATIENCE {
                return Err(format!("the service does not run: {sensor}").into());
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    async fn ask(&self, method: Method, path: &str, body: &Value) -> Result<Value> {
        let request = self.http.request(method, self.server.join(path)?);
        let answer = request.bearer_auth(&self.token).json(body).send().await?;
        let (status, text) = (answer.status(), answer.text().await?);
        if !status.is_success() {
            return Err(format!("{path}: {status} {text}").into());
        }
        Ok(serde_json::from_str(&text)?)
    }

    /// The engine's client; returns what it prints.
    async fn docker(&self, words: &[&str]) -> Result<String> {
        let mut command = Command::new("docker");
        command
            .env("DOCKER_CONFIG", self.folder.path().join("config"))
            .env("DOCKER_BUILDKIT", "0")
            .args(words);
        output(command).await
    }
}

/// Whether the container that is run by hand greets.
fn answers() -> bool {
    let there = SocketAddr::from(([127, 0, 0, 1], PORT_BY_HAND));
    let greeted = || {
        let mut stream = TcpStream::connect_timeout(&there, LOOK)?;
        stream.set_read_timeout(Some(Duration::from_secs(1)))?;
        let mut greeting = [0; GREETING.len()];
        stream.read_exact(&mut greeting)?;
        std::io::Result::Ok(greeting == *GREETING)
    };
    greeted().unwrap_or(false)
}

/// Puts the honeypot's program into a folder.
async fn compile(folder: &Path) -> Result<()> {
    let source = folder.join("honeypot.rs");
    fs::write(&source, HONEYPOT)?;
    let mut command = Command::new("rustc");
    command
        .args(["--edition", "2024", "-C", "opt-level=s"])
        .args(["-C", "strip=symbols", "-C", "target-feature=+crt-static"])
        .arg("-o")
        .args([folder.join("honeypot"), source]);
    output(command).await.map(drop)
}

async fn output(mut command: Command) -> Result<String> {
    let output = command.output().await?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(format!("{command:?}: {said}").into())
}

fn print(ours: &mut [Duration], by_hand: &mut [Duration]) {
    println!("from the tick to green against docker pull and docker run by hand");
    println!(
        "  image      {} MiB of random bytes in {LAYERS} layers, and one with a program",
        LAYERS * LAYER / (1024 * 1024)
    );
    let mut middle = vec![];
    for (way, rounds) in [("the tick", ours), ("by hand", by_hand)] {
        let all: Vec<_> = rounds
            .iter()
            .map(|round| format!("{:.2} s", round.as_secs_f64()))
            .collect();
        rounds.sort();
        let median = rounds[rounds.len() / 2].as_secs_f64();
        println!("  {way:<10} {median:.2} s (rounds: {})", all.join(", "));
        middle.push(median);
    }
    println!(
        "  ratio      {:.2} (goal: at most 2.00)",
        middle[0] / middle[1]
    );
}
