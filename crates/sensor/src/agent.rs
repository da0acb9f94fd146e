//! The sensor as a whole: puts its parts together, and takes them apart in order when it stops.

use std::{
    fs::{self, File, TryLockError},
    io,
    path::{Path, PathBuf},
    sync::Arc,
    thread,
    time::Duration,
};

use skep_containers::Engine;
use tokio::{
    sync::{mpsc, oneshot},
    task::JoinSet,
    time::{Instant, sleep, timeout},
};

use crate::{
    blobs::Blobs,
    client::Client,
    clock::ServerClock,
    collector,
    delivery::Delivery,
    enrol::{EnrolError, enrol},
    identity::Identity,
    images::Equipment,
    options::{PlainHttp, Run, check_scheme},
    poll::Poll,
    runtime::Runtime,
    spool::{self, Spool},
    tls::TlsError,
};

/// How long the last parts may take to get to the spool, and then to the server, when the sensor stops.
const LAST: Duration = Duration::from_secs(2);

/// Why a sensor cannot run.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The data folder is in use.
    #[error("another sensor runs with the data folder {}", .0.display())]
    Locked(PathBuf),
    /// There is no identity and no way to get one.
    #[error(
        "this sensor is not enrolled: give it --server and --token; the console's Sensors page shows the whole command"
    )]
    NotEnrolled,
    /// There is a wish to enrol again, and no token.
    #[error("--enrol-again needs a new --token from the console's Sensors page")]
    NoToken,
    /// The server's address.
    #[error(transparent)]
    Scheme(#[from] PlainHttp),
    /// The enrolment.
    #[error("enrolment failed: {0}")]
    Enrol(#[from] EnrolError),
    /// What is known of the server is damaged.
    #[error(transparent)]
    Authorities(#[from] TlsError),
    /// The data folder.
    #[error("the data folder {} cannot be used: {error}", .folder.display())]
    Data {
        /// Which.
        folder: PathBuf,
        /// What the system said.
        error: io::Error,
    },
}

/// Enrols if needed, and runs until `stop` is over. Returns after what was caught is on disk.
pub async fn run(options: Run, stop: impl Future<Output = ()>) -> Result<(), RunError> {
    let folder = options.data.clone();
    let unusable = |error| RunError::Data {
        folder: folder.clone(),
        error,
    };
    // Held until the end.
    let _lock = lock(&folder)?;
    let clock = ServerClock::load(&folder).map_err(unusable)?;
    tokio::pin!(stop);
    let (identity, clock) = tokio::select! {
        identified = identify(&options, clock) => identified?,
        () = &mut stop => return Ok(()),
    };
    let client = Arc::new(Client::new(
        identity.server.clone(),
        identity.anchors(),
        Some(identity.signer()),
        clock,
    )?);
    let limit = u64::from(options.spool_size) * 1024 * 1024;
    let (spool, writer, reader) = spool::open(&folder.join("spool"), limit).map_err(unusable)?;

    let (reports, receiver) = mpsc::channel(collector::WAITING);
    let (collected, all_collected) = oneshot::channel::<()>();
    let clock = client.clock().clock().clone();
    let collector_clock = clock.clone();
    thread::Builder::new()
        .name("collector".to_owned())
        .spawn(move || {
            collector::run(receiver, writer, &collector_clock);
            let _ = collected.send(());
        })
        .map_err(unusable)?;

    let equipment = Equipment {
        sensor: identity.sensor,
        engine: options
            .engine()
            .map(|socket| Engine::at(&socket.to_string_lossy())),
        interface: options.interface.clone(),
        layers: Arc::new(Blobs(client.clone())),
    };
    let runtime = Arc::new(Runtime::new(
        reports,
        clock,
        identity.seed(),
        folder.join("configuration.json"),
        equipment,
    ));
    runtime.restore().await;
    tracing::info!(
        "sensor {} ({}) reports to {}",
        skep_model::raw::visible(identity.name.as_bytes()),
        identity.sensor,
        identity.server
    );
    let mut tasks = JoinSet::new();
    let refused = folder.join("refused");
    tasks.spawn(Delivery::new(client.clone(), spool.clone(), reader, refused).run());
    tasks.spawn(
        Poll::new(
            client,
            runtime.clone(),
            spool.clone(),
            identity,
            folder.clone(),
        )
        .run(),
    );
    let mending = runtime.clone();
    tasks.spawn(async move { mending.mend().await });

    stop.await;
    tracing::info!("stopping");
    runtime.stop().await;
    if timeout(LAST, all_collected).await.is_err() {
        tracing::error!("not everything that was caught is on disk");
    }
    deliver_the_rest(&spool).await;
    tasks.shutdown().await;
    let queued = spool.status().queued;
    if queued > 0 {
        tracing::info!(
            "{queued} parts of events stay in the spool, and are delivered after the next start"
        );
    }
    Ok(())
}

async fn deliver_the_rest(spool: &Spool) {
    let end = Instant::now() + LAST;
    while spool.status().queued > 0 && Instant::now() < end {
        sleep(Duration::from_millis(20)).await;
    }
}

/// The identity from the data folder, or a new one from the server.
async fn identify(options: &Run, clock: ServerClock) -> Result<(Identity, ServerClock), RunError> {
    let folder = &options.data;
    let unusable = |error| RunError::Data {
        folder: folder.clone(),
        error,
    };
    let known = Identity::load(folder).map_err(unusable)?;
    if let Some(mut identity) = known.clone().filter(|_| !options.enrol_again) {
        if let Some(server) = options
            .server
            .clone()
            .filter(|server| *server != identity.server)
        {
            identity.server = server;
            identity.save(folder).map_err(unusable)?;
        }
        check_scheme(&identity.server, options.insecure_http)?;
        return Ok((identity, clock));
    }
    let server = options
        .server
        .as_ref()
        .or(known.as_ref().map(|identity| &identity.server));
    let (server, token) = match (server, &options.token) {
        (Some(server), Some(token)) => (server, token),
        _ if known.is_some() => return Err(RunError::NoToken),
        _ => return Err(RunError::NotEnrolled),
    };
    check_scheme(server, options.insecure_http)?;
    tracing::info!("enrolling at {server}");
    let (identity, clock) = enrol(server, token, folder, clock, known.as_ref()).await?;
    if known.is_some_and(|known| known.sensor != identity.sensor) {
        forget(folder).map_err(unusable)?;
    }
    tracing::info!(
        "enrolled as {}",
        skep_model::raw::visible(identity.name.as_bytes())
    );
    Ok((identity, clock))
}

/// Forgets the configuration of the sensor that this one was before. What that one caught is delivered still.
fn forget(folder: &Path) -> io::Result<()> {
    match fs::remove_file(folder.join("configuration.json")) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

fn lock(folder: &Path) -> Result<File, RunError> {
    let file = folder.join("lock");
    let locked = fs::create_dir_all(folder)
        .and_then(|()| File::create(file))
        .map_err(TryLockError::Error)
        .and_then(|file| file.try_lock().map(|()| file));
    locked.map_err(|error| match error {
        TryLockError::WouldBlock => RunError::Locked(folder.to_owned()),
        TryLockError::Error(error) => RunError::Data {
            folder: folder.to_owned(),
            error,
        },
    })
}
