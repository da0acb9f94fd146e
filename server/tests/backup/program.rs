//! The program `skep-server` with a data folder and a database, started, stopped, and asked over HTTP.

use std::{
    fs::File,
    net::TcpListener,
    path::PathBuf,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use reqwest::{Client, StatusCode, redirect::Policy};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use skep_model::{Timestamp, ids::Epoch};
use skep_protocol::{
    part::{Accepted, Part},
    signature,
    token::EnrolmentToken,
};

use crate::support::{Engine, TestSensor, cookie, postgres_database, random};

/// A server, running or not.
pub struct Server {
    pub folder: tempfile::TempDir,
    pub database: Option<String>,
    pub token: String,
    http: Client,
    ports: [u16; 2],
    child: Option<Child>,
}

/// What a command said.
#[derive(Debug)]
pub struct Said {
    pub success: bool,
    pub stdout: Vec<u8>,
    pub stderr: String,
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

impl Server {
    /// A server that was never started.
    pub async fn new(engine: Engine) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(folder.path().join("site/pkg")).unwrap();
        let database = match engine {
            Engine::Sqlite => None,
            Engine::Postgres => Some(postgres_database().await),
        };
        let http = Client::builder().redirect(Policy::none()).no_proxy();
        Self {
            folder,
            database,
            token: String::new(),
            http: http.build().unwrap(),
            ports: [free_port(), free_port()],
            child: None,
        }
    }

    /// A server that runs, and a token for it.
    pub async fn started(engine: Engine) -> Self {
        let mut server = Self::new(engine).await;
        server.start().await;
        let said = server.run(&["token", "create", "--name", "test", "--role", "admin"]);
        let text = String::from_utf8(said.stdout).unwrap();
        text.trim().clone_into(&mut server.token);
        assert!(!server.token.is_empty(), "{}", said.stderr);
        server
    }

    /// Its data folder.
    pub fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// A file beside the data folder.
    pub fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The database, for a connection of the test's own.
    pub fn database_url(&self) -> String {
        let file = self.data().join("skep.db");
        let sqlite = || format!("sqlite://{}", file.display());
        self.database.clone().unwrap_or_else(sqlite)
    }

    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_skep-server"));
        command
            .args(arguments)
            .current_dir(self.folder.path())
            .env("SKEP_DATA", self.data())
            .env("SKEP_LISTEN", format!("127.0.0.1:{}", self.ports[0]))
            .env("SKEP_LISTEN_TLS", format!("127.0.0.1:{}", self.ports[1]))
            .env("SKEP_ADMIN_PASSWORD", "correct horse")
            .env("LEPTOS_SITE_ROOT", self.file("site"))
            .env_remove("SKEP_KILL_AT")
            .env_remove("SKEP_BACKUP_PASSPHRASE")
            .env_remove("SKEP_BACKUP_PASSPHRASE_FILE")
            .env_remove("DATABASE_URL");
        if let Some(url) = &self.database {
            command.env("DATABASE_URL", url);
        }
        command
    }

    /// Runs a command to its end.
    pub fn run(&self, arguments: &[&str]) -> Said {
        said(&mut self.command(arguments))
    }

    /// Runs a command that must succeed.
    pub fn must(&self, arguments: &[&str]) -> Said {
        let said = self.run(arguments);
        assert!(said.success, "{arguments:?}: {}", said.stderr);
        said
    }

    /// Runs a command that must fail, and say why in one line with these words.
    pub fn must_not(&self, arguments: &[&str], words: &str) {
        self.run(arguments).is_refusal(words);
    }

    pub async fn start(&mut self) {
        let log = File::options()
            .create(true)
            .append(true)
            .open(self.file("server.log"))
            .unwrap();
        let mut command = self.command(&["serve"]);
        command.stderr(log).stdout(Stdio::null());
        self.child = Some(command.spawn().unwrap());
        let begun = Instant::now();
        let url = format!("http://127.0.0.1:{}/healthz", self.ports[0]);
        loop {
            let answer = self.http.get(&url).send().await;
            if answer.is_ok_and(|answer| answer.status() == StatusCode::OK) {
                return;
            }
            let ended = self.child.as_mut().unwrap().try_wait().unwrap().is_some();
            assert!(
                !ended && begun.elapsed() < Duration::from_secs(20),
                "the server does not start: {}",
                std::fs::read_to_string(self.file("server.log")).unwrap()
            );
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Tells the server to stop, and waits until it has.
    pub fn stop(&mut self) {
        if let Some(mut child) = self.child.take() {
            kill_process(Pid::from_child(&child), Signal::TERM).unwrap();
            assert!(child.wait().unwrap().success());
        }
    }

    /// Asks the API.
    pub async fn api(&self, method: &str, path: &str, body: Value) -> (StatusCode, Value) {
        let url = format!("http://127.0.0.1:{}/api/v1{path}", self.ports[0]);
        let mut request = self.http.request(method.parse().unwrap(), url);
        if !body.is_null() {
            request = request.json(&body);
        }
        let answer = request.bearer_auth(&self.token).send().await.unwrap();
        let status = answer.status();
        (status, answer.json().await.unwrap_or(Value::Null))
    }

    /// Gets from the API what must be there.
    pub async fn get(&self, path: &str) -> Value {
        let (status, answer) = self.api("GET", path, Value::Null).await;
        assert_eq!(status, StatusCode::OK, "{path}: {answer}");
        answer
    }

    /// Logs in; returns the cookie.
    pub async fn log_in(&self, name: &str, password: &str) -> Option<String> {
        let answer = self
            .http
            .post(format!("http://127.0.0.1:{}/fn/log_in", self.ports[0]))
            .header("sec-fetch-site", "same-origin")
            .header("accept", "application/json")
            .header("content-type", "application/x-www-form-urlencoded")
            .body(format!(
                "name={name}&password={}",
                password.replace(' ', "%20")
            ))
            .send()
            .await
            .unwrap();
        (answer.status() == StatusCode::OK).then(|| cookie(&answer))
    }

    /// Adds a sensor and enrols it.
    pub async fn sensor(&self, name: &str) -> TestSensor {
        let groups = self.get("/groups").await;
        let draft = json!({ "name": name, "group": groups["items"][0]["id"] });
        let (status, made) = self.api("POST", "/sensors", draft).await;
        assert!(status.is_success(), "{made}");
        let command = made["command"].as_str().unwrap();
        let token: EnrolmentToken = command.rsplit(' ').next().unwrap().parse().unwrap();
        let key = ed25519_dalek::SigningKey::from_bytes(
            &[random(), random()].concat().try_into().unwrap(),
        );
        let body = json!({
            "secret": token.secret,
            "public_key": skep_model::Bytes(key.verifying_key().to_bytes().to_vec()),
            "version": "test",
            "architecture": "test",
        });
        let answer = self
            .http
            .post(format!(
                "http://127.0.0.1:{}/sensor/v1/enrol",
                self.ports[0]
            ))
            .json(&body)
            .send()
            .await
            .unwrap();
        let answer: Value = answer.json().await.unwrap();
        let id = answer["sensor"].as_str().unwrap();
        let sensor = self.get(&format!("/sensors/{id}")).await;
        let services = sensor["services"].as_array().unwrap();
        let ssh = services.iter().find(|row| row["service"] == "ssh").unwrap();
        TestSensor {
            id: id.parse().unwrap(),
            key,
            epoch: Epoch::new(),
            next: 1,
            instance: ssh["id"].as_str().unwrap().parse().unwrap(),
        }
    }

    /// Delivers parts, which must be taken.
    pub async fn deliver(&self, sensor: &mut TestSensor, parts: &[Part]) -> Accepted {
        let encoded: Vec<Value> = parts
            .iter()
            .map(|part| serde_json::to_value(part).unwrap())
            .collect();
        let body = sensor.batch(sensor.next, &encoded);
        let path = "/sensor/v1/events";
        let (now, nonce) = (Timestamp::now(), random());
        let headers = signature::sign(&sensor.key, sensor.id, "POST", path, &body, now, &nonce);
        let answer = self
            .http
            .post(format!("http://127.0.0.1:{}{path}", self.ports[0]))
            .header("content-digest", headers.content_digest)
            .header("signature-input", headers.signature_input)
            .header("signature", headers.signature)
            .body(body)
            .send()
            .await
            .unwrap();
        assert_eq!(answer.status(), StatusCode::OK);
        let accepted: Accepted = answer.json().await.unwrap();
        sensor.next += parts.len() as u64;
        assert_eq!(accepted.seq, sensor.next - 1);
        accepted
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

pub fn said(command: &mut Command) -> Said {
    let output = command.stdin(Stdio::null()).output().unwrap();
    Said {
        success: output.status.success(),
        stdout: output.stdout,
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

impl Said {
    /// The command must have failed, and said why in one line with these words.
    pub fn is_refusal(&self, words: &str) {
        let Self {
            success, stderr, ..
        } = self;
        assert!(!success, "it should have said {words:?}: {stderr}");
        let errors: Vec<&str> = stderr
            .lines()
            .filter(|line| line.contains("ERROR"))
            .collect();
        assert!(
            errors.len() == 1 && errors[0].contains(words) && !stderr.contains("panicked"),
            "it should have said {words:?}: {stderr}"
        );
    }
}
