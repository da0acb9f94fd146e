//! The two programs, started, killed and started again.
#![allow(dead_code, reason = "each test uses a part of this")]

use std::{
    fs::File,
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

/// Where a program kills itself.
#[derive(Clone, Copy, Debug)]
pub struct Kill {
    pub place: &'static str,
    pub after: u64,
}

/// A server and a sensor, their ports and folders.
pub struct Programs {
    data: PathBuf,
    database: Option<String>,
    pub telnet: u16,
    http: u16,
    tls: u16,
    fault: Option<&'static str>,
    /// The container engine of the sensor, as its option has it.
    pub engine: String,
    server: Option<Child>,
    sensor: Option<Child>,
}

/// A port that is free now.
fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port()
}

/// A program of this workspace, beside this test's own.
fn program(name: &str) -> PathBuf {
    let mut path = std::env::current_exe().unwrap();
    path.pop();
    path.pop();
    let path = path.join(name);
    assert!(
        path.exists(),
        "{} is not built: run the whole workspace's tests",
        path.display()
    );
    path
}

impl Programs {
    pub fn new(data: &Path, database: Option<String>, fault: Option<&'static str>) -> Self {
        std::fs::create_dir_all(data.join("site/pkg")).unwrap();
        Self {
            data: data.to_owned(),
            database,
            telnet: free_port(),
            http: free_port(),
            tls: free_port(),
            fault,
            engine: "none".to_owned(),
            server: None,
            sensor: None,
        }
    }

    fn server_command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_skep-server"));
        command
            .env("SKEP_DATA", &self.data)
            .env("SKEP_LISTEN", format!("127.0.0.1:{}", self.http))
            .env("SKEP_LISTEN_TLS", format!("127.0.0.1:{}", self.tls))
            .env("SKEP_ADMIN_PASSWORD", "correct horse")
            .env(
                "SKEP_DEFAULT_PORTS",
                format!(
                    "telnet={},ssh={},http={},https={},ftp={},smtp={},catch-all={}",
                    self.telnet,
                    free_port(),
                    free_port(),
                    free_port(),
                    free_port(),
                    free_port(),
                    free_port()
                ),
            )
            .env("LEPTOS_SITE_ROOT", self.data.join("site"))
            .env_remove("SKEP_KILL_AT")
            .env_remove("DATABASE_URL");
        if let Some(url) = &self.database {
            command.env("DATABASE_URL", url);
        }
        if let Some(fault) = self.fault {
            command.env("SKEP_FAULT", fault);
        }
        command
    }

    fn log(&self, name: &str) -> File {
        File::options()
            .create(true)
            .append(true)
            .open(self.data.join(name))
            .unwrap()
    }

    /// Starts the server and waits until it is ready. One that is to be killed may be dead before.
    pub fn start_server(&mut self, kill: Option<Kill>) {
        let mut command = self.server_command();
        command.stderr(self.log("server.log")).stdout(Stdio::null());
        set_kill(&mut command, kill);
        self.server = Some(command.spawn().unwrap());
        let start = Instant::now();
        while !self.healthy() {
            assert!(
                start.elapsed() < Duration::from_secs(20),
                "the server does not start: {}",
                self.last_words("server.log")
            );
            if !alive(&mut self.server) {
                assert!(
                    kill.is_some(),
                    "the server ended: {}",
                    self.last_words("server.log")
                );
                return;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    fn healthy(&self) -> bool {
        let Ok(mut stream) = TcpStream::connect(("127.0.0.1", self.http)) else {
            return false;
        };
        let _ = stream.set_read_timeout(Some(Duration::from_secs(2)));
        let _ = stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
        let mut answer = String::new();
        let _ = stream.read_to_string(&mut answer);
        answer.starts_with("HTTP/1.1 200")
    }

    /// Where the API is.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.http)
    }

    /// Adds the sensor; returns its token.
    pub fn token(&self) -> String {
        self.made(&["local-sensor"])
    }

    /// Makes a token for the API, with which everything may be done.
    pub fn admin_token(&self) -> String {
        self.made(&["token", "create", "--name", "test", "--role", "admin"])
    }

    /// What a command of the server's makes: its last line.
    fn made(&self, words: &[&str]) -> String {
        let output = self.server_command().args(words).output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        let token = text.lines().last().unwrap_or_default().to_owned();
        assert!(
            !token.is_empty(),
            "no token: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        token
    }

    pub fn start_sensor(&mut self, token: &str, kill: Option<Kill>) {
        let mut command = Command::new(program("skep-sensor"));
        command
            .args([
                "run",
                "--server",
                &format!("https://127.0.0.1:{}", self.tls),
                "--token",
                token,
                "--user",
                "root",
                "--engine",
                &self.engine,
            ])
            .arg("--data")
            .arg(self.data.join("sensor"))
            .env("SKEP_JOURNAL", self.journal())
            .env_remove("SKEP_KILL_AT")
            .stderr(self.log("sensor.log"))
            .stdout(Stdio::null());
        set_kill(&mut command, kill);
        self.sensor = Some(command.spawn().unwrap());
    }

    pub fn journal(&self) -> PathBuf {
        self.data.join("journal")
    }

    pub fn server_alive(&mut self) -> bool {
        alive(&mut self.server)
    }

    pub fn sensor_alive(&mut self) -> bool {
        alive(&mut self.sensor)
    }

    pub fn kill_server(&mut self) {
        kill(&mut self.server);
    }

    pub fn kill_sensor(&mut self) {
        kill(&mut self.sensor);
    }

    pub fn last_words(&self, log: &str) -> String {
        let text = std::fs::read_to_string(self.data.join(log)).unwrap_or_default();
        let from = text.len().saturating_sub(1500);
        String::from_utf8_lossy(&text.as_bytes()[from..]).into_owned()
    }
}

impl Drop for Programs {
    fn drop(&mut self) {
        self.kill_sensor();
        self.kill_server();
    }
}

fn set_kill(command: &mut Command, kill: Option<Kill>) {
    if let Some(Kill { place, after }) = kill {
        command
            .env("SKEP_KILL_AT", place)
            .env("SKEP_KILL_AFTER", after.to_string());
    }
}

fn alive(child: &mut Option<Child>) -> bool {
    child
        .as_mut()
        .is_some_and(|child| child.try_wait().unwrap().is_none())
}

fn kill(child: &mut Option<Child>) {
    if let Some(mut child) = child.take() {
        let _ = child.kill();
        let _ = child.wait();
    }
}
