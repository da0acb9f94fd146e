//! The held poll: tells the server how the sensor is, and takes what the server wants it to be.

use std::{
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant},
};

use skep_model::ids::InstanceId;
use skep_protocol::message::{HOLD_SECONDS, LOG, LogReport, PollAnswer, PollRequest, SensorStatus};
use tokio::task::JoinSet;

use crate::{
    client::{CallError, Client},
    identity::{Identity, Trust},
    retry::{Retry, jittered},
    runtime::Runtime,
    spool::Spool,
};

const PATIENCE: Duration = Duration::from_secs(HOLD_SECONDS + 15);

/// A poll that was held for less than this, and brought nothing, is not followed by the next one at once.
const HELD: Duration = Duration::from_secs(1);

/// How long the server may take for what it asked for.
const REPORT: Duration = Duration::from_secs(10);

/// The most that it is told of at a time.
const REPORTS: usize = 16;

/// Polls until it is dropped.
pub struct Poll {
    client: Arc<Client>,
    runtime: Arc<Runtime>,
    spool: Spool,
    identity: Identity,
    folder: PathBuf,
    started: Instant,
    /// What the server is told of beside.
    reports: JoinSet<()>,
}

impl Poll {
    /// New authorities are kept in the identity in `folder`.
    #[must_use]
    pub fn new(
        client: Arc<Client>,
        runtime: Arc<Runtime>,
        spool: Spool,
        identity: Identity,
        folder: PathBuf,
    ) -> Self {
        Self {
            client,
            runtime,
            spool,
            identity,
            folder,
            started: Instant::now(),
            reports: JoinSet::new(),
        }
    }

    /// Asks again and again.
    pub async fn run(mut self) {
        let mut retry = Retry::new("poll");
        let mut at_once = true;
        loop {
            let asked = Instant::now();
            let (revision, request) = self.request(at_once).await;
            let answer = if at_once {
                // Never given up: changes may follow each other faster than a slow line brings answers.
                self.ask(&request).await
            } else {
                tokio::select! {
                    biased;
                    // The server should know now, not when the held poll ends.
                    () = self.runtime.changed() => {
                        at_once = true;
                        continue;
                    }
                    answer = self.ask(&request) => answer,
                }
            };
            match answer {
                Ok(answer) => {
                    retry.succeeded();
                    if request.at_once {
                        self.client.note_round_trip(asked.elapsed());
                    }
                    self.renew(answer.authorities);
                    let asked_for_more = !answer.logs.is_empty();
                    self.show_logs(answer.logs);
                    let new = answer
                        .configuration
                        .filter(|configuration| Some(configuration.revision) != revision);
                    let news = new.is_some() || asked_for_more;
                    let pause = !news && !at_once && asked.elapsed() < HELD;
                    at_once = new.is_some();
                    if let Some(configuration) = new {
                        self.runtime.apply(configuration).await;
                    }
                    if pause {
                        tokio::time::sleep(jittered(HELD * 2)).await;
                    }
                }
                Err(error) => {
                    at_once = true;
                    tokio::time::sleep(retry.failed(&error)).await;
                }
            }
        }
    }

    async fn ask(&self, request: &PollRequest) -> Result<PollAnswer, CallError> {
        self.client.post("/sensor/v1/poll", request, PATIENCE).await
    }

    /// Tells the server what the containers of these instances printed last.
    fn show_logs(&mut self, instances: Vec<InstanceId>) {
        while self.reports.try_join_next().is_some() {}
        for instance in instances {
            if self.reports.len() >= REPORTS {
                return;
            }
            let (client, runtime) = (self.client.clone(), self.runtime.clone());
            self.reports.spawn(async move {
                let (lines, problem) = match runtime.log(instance).await {
                    Ok(lines) => (lines, None),
                    Err(problem) => (vec![], Some(problem)),
                };
                let report = LogReport {
                    instance,
                    lines,
                    problem,
                };
                if let Err(error) = client.post::<_, ()>(LOG, &report, REPORT).await {
                    tracing::warn!("the server did not take the log that it asked for: {error}");
                }
            });
        }
    }

    async fn request(&self, at_once: bool) -> (Option<u64>, PollRequest) {
        let (active_revision, instances) = self.runtime.status().await;
        let spool = self.spool.status();
        let (disk_used, disk_total) = disk(&self.folder).unzip();
        let status = SensorStatus {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            architecture: std::env::consts::ARCH.to_owned(),
            uptime: self.started.elapsed().as_secs(),
            queued: spool.queued,
            dropped: spool.dropped,
            clock_offset: self.client.clock().clock().offset(),
            memory: memory(),
            disk_used,
            disk_total,
            round_trip: self.client.round_trip(),
            instances,
        };
        let request = PollRequest {
            active_revision,
            status,
            at_once,
        };
        (active_revision, request)
    }

    /// Trusts other authorities from now on, when the server names any.
    fn renew(&mut self, authorities: Vec<String>) {
        let known =
            self.identity.trust == Trust::WebPki || self.identity.authorities == authorities;
        if known || authorities.is_empty() {
            return;
        }
        let mut identity = self.identity.clone();
        identity.authorities = authorities;
        if let Err(error) = self.client.trust(identity.anchors()) {
            tracing::error!("the server's new authorities are not taken: {error}");
            return;
        }
        match identity.save(&self.folder) {
            Ok(()) => {
                tracing::info!("the server's authorities have changed");
                self.identity = identity;
            }
            Err(error) => tracing::error!("the server's new authorities cannot be kept: {error}"),
        }
    }
}

/// Bytes in use and bytes in all of the disk that a folder is on.
fn disk(folder: &std::path::Path) -> Option<(u64, u64)> {
    let disk = nix::sys::statvfs::statvfs(folder).ok()?;
    let block = disk.fragment_size();
    let total = disk.blocks() * block;
    Some((total - disk.blocks_free() * block, total))
}

/// The memory that this program has in use, in bytes; 0 where the system does not tell.
fn memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let kilobytes = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))
        .and_then(|rest| rest.split_whitespace().next()?.parse::<u64>().ok());
    kilobytes.unwrap_or(0) * 1024
}
