//! One honeypot, from its recipe to what it catches.

use std::{
    env,
    path::Path,
    process::{Command, Output},
    sync::LazyLock,
    time::{Duration, Instant},
};

use serde_json::Value;

use crate::{
    client::Client,
    programs::Programs,
    surroundings::{Outside, engine_host, labelled, shell},
};

/// How long the slowest of them may take until it answers.
const START: Duration = Duration::from_mins(2);

/// How long what was caught may take to the API.
const DELIVERY: Duration = Duration::from_secs(30);

/// What the recipes build upon.
static STAND_IN: LazyLock<()> = LazyLock::new(|| {
    let variable = |name| env::var(name).expect("run this test by scripts/upstream.sh");
    docker(&[
        "import",
        &variable("SKEP_TEST_STANDIN"),
        &variable("SKEP_TEST_STANDIN_NAME"),
    ]);
});

/// A honeypot that a sensor runs, and an attacker.
pub struct Honeypot {
    programs: Programs,
    client: Client,
    sensor: String,
    instance: String,
    outside: Outside,
    _data: tempfile::TempDir,
}

impl Honeypot {
    /// Builds the image of `docs/honeypots/NAME`, and has a sensor run it on these ports.
    pub async fn start(name: &str, ports: &[u16]) -> Self {
        LazyLock::force(&STAND_IN);
        let data = tempfile::tempdir().unwrap();
        let recipes = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/honeypots");
        docker(&["build", "--tag", name, recipes.join(name).to_str().unwrap()]);
        let mut programs = Programs::new(data.path(), None, None);
        programs.engine = engine_host();
        programs.start_server(None);
        let client = Client::new(programs.url(), programs.admin_token());
        let token = programs.token();
        programs.start_sensor(&token, None);
        // As docs/ADDING-A-HONEYPOT.md has it.
        shell(&format!(
            "docker save {name} | curl --fail-with-body -sS -X POST -T - -H 'Authorization: Bearer {}' \\
             '{}/api/v1/services?name={name}&label=1.0'",
            client.token, client.url
        ));
        docker(&["rmi", name]);
        let sensor = client.sensor().await["id"].as_str().unwrap().to_owned();
        let instance = client.assign(&sensor, name, ports).await;
        let this = Self {
            programs,
            client,
            sensor,
            instance,
            outside: Outside::new(70),
            _data: data,
        };
        this.until_running().await;
        this
    }

    async fn until_running(&self) {
        let end = Instant::now() + START;
        loop {
            let sensor = self.client.sensor().await;
            let instances = sensor["services"].as_array().unwrap();
            let mut instances = instances.iter();
            let ours = instances.find(|instance| instance["id"] == self.instance);
            let ours = ours.expect("the instance").clone();
            if ours["state"] == "running" {
                return;
            }
            assert!(
                ours["state"] != "failed" && Instant::now() < end,
                "{ours}\n{}",
                self.programs.last_words("sensor.log")
            );
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }

    /// Where the attacker finds it.
    pub fn address(&self) -> String {
        self.outside.here()[0].clone()
    }

    /// A program of the attacker's.
    pub fn attacker(&self, program: &str) -> Command {
        self.outside.command(program)
    }

    /// Logs in with OpenSSH's client, and has a command run.
    pub fn ssh(&self, port: u16, user: &str, password: &str, command: &str) -> String {
        let output = self
            .attacker("sshpass")
            .args(["-p", password, "ssh", "-p", &port.to_string()])
            .args(["-o", "StrictHostKeyChecking=no"])
            .args(["-o", "UserKnownHostsFile=/dev/null"])
            .args(["-o", "NumberOfPasswordPrompts=1", "-o", "LogLevel=ERROR"])
            .args([&format!("{user}@{}", self.address()), command])
            .output()
            .unwrap();
        said(&output)
    }

    /// Asks for an address, in which `ADDRESS` is where the attacker finds it; whether it is given anything is no matter.
    pub fn curl(&self, url: &str) -> String {
        let url = url.replace("ADDRESS", &self.address());
        let output = self.attacker("curl").args(["-sS", &url]).output().unwrap();
        said(&output)
    }

    /// The steps of the attacker's event with this index, in words, once this step is among them.
    pub async fn event(&self, index: usize, step: &str) -> Vec<String> {
        let end = Instant::now() + DELIVERY;
        let source = &self.outside.there()[0];
        loop {
            let events = self.client.events(source).await;
            let steps: Vec<String> = events.get(index).map_or(vec![], |event| {
                assert_eq!(event["source"]["address"], *source);
                let steps = event["interactions"].as_array().unwrap();
                steps.iter().map(in_words).collect()
            });
            if steps.iter().any(|known| known == step) {
                assert_eq!(events.len(), index + 1, "{events:?}");
                println!("{steps:#?}");
                return steps;
            }
            assert!(
                Instant::now() < end,
                "no {step:?} among {steps:?}, of {} events\n{}",
                events.len(),
                self.programs.last_words("sensor.log")
            );
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }

    /// Takes it away again; its container goes.
    pub async fn end(self) {
        self.client.unassign(&self.sensor, &self.instance).await;
        let end = Instant::now() + Duration::from_secs(30);
        while !labelled("/containers/json?all=1&", &self.sensor).is_empty() {
            assert!(Instant::now() < end, "its container stays");
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }
}

/// A step, such as `login root/123456 refused`.
fn in_words(step: &Value) -> String {
    let text = |field: &str| step[field]["text"].as_str().unwrap_or_default().to_owned();
    let kind = step["kind"].as_str().unwrap();
    match kind {
        "login" => {
            let accepted = match &step["accepted"] {
                Value::Bool(true) => "accepted",
                _ => "refused",
            };
            format!("login {}/{} {accepted}", text("user"), text("secret"))
        }
        // Without the client's version.
        "banner" => {
            let banner = text("text");
            format!("banner {}", banner.split('_').next().unwrap_or_default())
        }
        "command" => format!("command {}", text("line")),
        "attribute" => format!("{} {}", step["name"].as_str().unwrap(), text("value")),
        "request" => format!("request {} {}", text("method"), text("path")),
        other => other.to_owned(),
    }
}

fn docker(words: &[&str]) {
    let output = Command::new("docker")
        .env("DOCKER_BUILDKIT", "0")
        .args(words)
        .output()
        .expect("docker; see scripts/setup.sh");
    assert!(
        output.status.success(),
        "docker {words:?}: {}",
        said(&output)
    );
}

fn said(output: &Output) -> String {
    let said = [&output.stdout[..], &output.stderr[..]].concat();
    String::from_utf8_lossy(&said).into_owned()
}
