//! The product's own server as a process beside this one.

use std::{
    fs::{self, File},
    net::{SocketAddr, TcpListener},
    path::Path,
    process::Stdio,
    time::{Duration, Instant},
};

use reqwest::Url;
use tokio::process::{Child, Command};

use crate::{Result, database::Database};

const PATIENCE: Duration = Duration::from_mins(1);

/// A running server; it is killed when this is dropped.
pub(crate) struct Server {
    process: Child,
    /// Its plain listener.
    pub(crate) url: Url,
    /// Its listener for sensors.
    pub(crate) tls: Url,
}

impl Server {
    /// Starts the server over a database, and waits until it is ready.
    pub(crate) async fn start(binary: &Path, database: &Database) -> Result<Self> {
        let [plain, tls] = free_addresses()?;
        let site = database.folder().join("site");
        fs::create_dir_all(site.join("pkg"))?;
        let log = database.folder().join("server.log");
        let mut command = Command::new(binary);
        // Settings of whoever measures are not meant for this server.
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("SKEP_") {
                command.env_remove(name);
            }
        }
        match database.url_for_server() {
            Some(url) => command.env("DATABASE_URL", url),
            None => command.env_remove("DATABASE_URL"),
        };
        let process = command
            .arg("serve")
            .arg("--data")
            .arg(database.folder())
            .arg("--site-root")
            .arg(site)
            .args([
                "--listen",
                &plain.to_string(),
                "--listen-tls",
                &tls.to_string(),
            ])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(File::create(&log)?)
            .kill_on_drop(true)
            .spawn()
            .map_err(|error| {
                format!(
                    "{} cannot be started: {error}; build it first, or name another with --server",
                    binary.display()
                )
            })?;
        let url = Url::parse(&format!("http://{plain}"))?;
        let tls = Url::parse(&format!("https://{tls}"))?;
        let mut server = Self { process, url, tls };
        server.ready().await.map_err(|error| {
            format!("{error}:\n{}", fs::read_to_string(&log).unwrap_or_default())
        })?;
        Ok(server)
    }

    async fn ready(&mut self) -> Result<()> {
        let http = reqwest::Client::builder().no_proxy().build()?;
        let health = self.url.join("/healthz")?;
        let begun = Instant::now();
        while begun.elapsed() < PATIENCE {
            if let Some(status) = self.process.try_wait()? {
                return Err(format!("the server ended at once, {status}").into());
            }
            if let Ok(answer) = http.get(health.clone()).send().await
                && answer.status().is_success()
            {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        Err("the server was not ready within a minute".into())
    }

    /// Kills it: what it acknowledged must be on disk all the same.
    pub(crate) async fn kill(mut self) -> Result<()> {
        Ok(self.process.kill().await?)
    }
}

/// Addresses that nobody listens on at this moment.
fn free_addresses() -> Result<[SocketAddr; 2]> {
    let one = TcpListener::bind("127.0.0.1:0")?;
    let two = TcpListener::bind("127.0.0.1:0")?;
    Ok([one.local_addr()?, two.local_addr()?])
}
