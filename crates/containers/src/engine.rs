//! The container engine, in the few words that are needed here.

mod files;
mod networks;

use std::{collections::HashMap, io, time::Duration};

use bollard::{
    API_DEFAULT_VERSION, Docker,
    errors::Error,
    models::ContainerCreateBody,
    query_parameters::{
        CreateContainerOptions, ImportImageOptionsBuilder, ListContainersOptionsBuilder,
        ListImagesOptionsBuilder, LogsOptionsBuilder, RemoveContainerOptionsBuilder,
        RemoveImageOptions, StopContainerOptionsBuilder,
    },
};
use bytes::Bytes;
use futures::{Stream, StreamExt};
use skep_model::{ids::InstanceId, raw};
use tokio::time::{Instant, sleep};

use crate::{
    Owner,
    archive::FetchError,
    names::{CONFIGURATION, INSTANCE, SENSOR},
};

pub(crate) use files::{FileState, Files};

/// How long the engine may take for an answer, in seconds.
const ANSWER: u64 = 60;

/// How long it may take for an image, from the first byte sent to the answer: as long as fetching takes.
const LOADING: Duration = Duration::from_hours(12);

/// The most of the engine's words about a failure that are passed on, in bytes.
const WORDS: usize = 300;

/// How long a removal that somebody else began may take.
const REMOVAL: Duration = Duration::from_secs(10);

/// How long a container may take to end by itself, in seconds.
const GRACE: i32 = 2;

/// What the engine could not do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EngineError {
    /// It is not there.
    #[error("the container engine does not answer: {0}")]
    Gone(String),
    /// It refused.
    #[error("the container engine refused to {what}: {words}")]
    Refused {
        /// What it was told to do.
        what: &'static str,
        /// The HTTP status.
        status: u16,
        /// Its own words.
        words: String,
    },
}

impl EngineError {
    fn of(what: &'static str) -> impl Fn(Error) -> Self {
        move |error| match error {
            Error::DockerResponseServerError {
                status_code,
                message,
            } => Self::Refused {
                what,
                status: status_code,
                words: raw::visible(raw::cut(message.as_bytes(), WORDS)),
            },
            Error::DockerStreamError { error } => Self::Refused {
                what,
                status: 500,
                words: raw::visible(raw::cut(error.as_bytes(), WORDS)),
            },
            other => Self::Gone(cause(&other)),
        }
    }

    /// Whether it refused because there is no such thing.
    fn is_missing(&self) -> bool {
        matches!(self, Self::Refused { status: 404, .. })
    }

    /// Whether the engine's storage driver cannot bound a container's layer.
    pub(crate) fn is_unbounded_storage(&self) -> bool {
        matches!(self, Self::Refused { words, .. } if words.contains("storage-opt"))
    }
}

/// What lies behind an error of the HTTP client.
fn cause(error: &(dyn std::error::Error + 'static)) -> String {
    let mut cause = error;
    while let Some(behind) = cause.source() {
        cause = behind;
    }
    let denied = cause
        .downcast_ref::<io::Error>()
        .is_some_and(|error| error.kind() == io::ErrorKind::PermissionDenied);
    if denied {
        return "permission denied: put the sensor's user into the group of the engine's socket"
            .to_owned();
    }
    raw::visible(raw::cut(cause.to_string().as_bytes(), WORDS))
}

fn unless_missing(result: Result<(), EngineError>) -> Result<(), EngineError> {
    match result {
        Err(error) if error.is_missing() => Ok(()),
        other => other,
    }
}

/// A container of ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Owned {
    /// The engine's name for it.
    pub id: String,
    /// Whose it is; `None` if the label is not one of ours after all.
    pub instance: Option<InstanceId>,
    /// What it was made from.
    pub configuration: String,
}

/// How a container is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Condition {
    pub configuration: String,
    pub running: bool,
    pub exit_code: i64,
    pub out_of_memory: bool,
}

/// Where the engine is. It need not be there, or not yet.
#[derive(Clone, Debug)]
pub struct Engine {
    socket: String,
}

impl Engine {
    /// The engine at a socket, by its path.
    #[must_use]
    pub fn at(socket: &str) -> Self {
        Self {
            socket: socket.to_owned(),
        }
    }

    /// Agrees with the engine on the version to speak: an old one knows only its own.
    pub(crate) async fn agree(&self) -> Result<Connection, EngineError> {
        Docker::connect_with_unix(&self.socket, ANSWER, API_DEFAULT_VERSION)
            .map_err(EngineError::of("connect"))?
            .negotiate_version()
            .await
            .map(Connection)
            .map_err(EngineError::of("say its version"))
    }
}

/// A way to the engine. The socket is opened anew with every request.
#[derive(Clone, Debug)]
pub(crate) struct Connection(Docker);

impl Connection {
    pub(crate) async fn containers(&self, owner: Owner) -> Result<Vec<Owned>, EngineError> {
        let options = ListContainersOptionsBuilder::new()
            .all(true)
            .filters(&ours(owner))
            .build();
        let listed = self
            .0
            .list_containers(Some(options))
            .await
            .map_err(EngineError::of("list containers"))?;
        Ok(listed
            .into_iter()
            .filter_map(|container| {
                let labels = container.labels.unwrap_or_default();
                Some(Owned {
                    id: container.id?,
                    instance: instance(&labels),
                    configuration: labels.get(CONFIGURATION).cloned().unwrap_or_default(),
                })
            })
            .collect())
    }

    pub(crate) async fn inspect(&self, name: &str) -> Result<Option<Condition>, EngineError> {
        let inspected = self
            .0
            .inspect_container(name, None)
            .await
            .map_err(EngineError::of("show a container"));
        let inspected = match inspected {
            Err(error) if error.is_missing() => return Ok(None),
            other => other?,
        };
        let state = inspected.state.unwrap_or_default();
        let labels = inspected
            .config
            .and_then(|config| config.labels)
            .unwrap_or_default();
        Ok(Some(Condition {
            configuration: labels.get(CONFIGURATION).cloned().unwrap_or_default(),
            running: state.running == Some(true),
            exit_code: state.exit_code.unwrap_or_default(),
            out_of_memory: state.oom_killed == Some(true),
        }))
    }

    pub(crate) async fn create(
        &self,
        name: String,
        body: ContainerCreateBody,
    ) -> Result<(), EngineError> {
        let options = CreateContainerOptions {
            name: Some(name),
            ..Default::default()
        };
        self.0
            .create_container(Some(options), body)
            .await
            .map(drop)
            .map_err(EngineError::of("create the container"))
    }

    pub(crate) async fn start(&self, name: &str) -> Result<(), EngineError> {
        self.0
            .start_container(name, None)
            .await
            .map_err(EngineError::of("start the container"))
    }

    pub(crate) async fn stop(&self, name: &str) -> Result<(), EngineError> {
        let options = StopContainerOptionsBuilder::new().t(GRACE).build();
        unless_missing(
            self.0
                .stop_container(name, Some(options))
                .await
                .map_err(EngineError::of("stop the container")),
        )
    }

    pub(crate) async fn remove(&self, name: &str) -> Result<(), EngineError> {
        let options = RemoveContainerOptionsBuilder::new()
            .force(true)
            .v(true)
            .build();
        let end = Instant::now() + REMOVAL;
        loop {
            let removed = self.0.remove_container(name, Some(options.clone())).await;
            match removed.map_err(EngineError::of("remove a container")) {
                // It is being removed already, and is there until that is done.
                Err(EngineError::Refused { status: 409, .. }) if Instant::now() < end => {
                    sleep(Duration::from_millis(50)).await;
                }
                removed => return unless_missing(removed),
            }
        }
    }

    /// Waits until a container runs no longer, whatever the reason.
    pub(crate) async fn wait(&self, name: &str) -> Result<(), EngineError> {
        match self.0.wait_container(name, None).next().await {
            Some(Ok(_) | Err(Error::DockerContainerWaitError { .. })) => Ok(()),
            Some(Err(error)) => Err(EngineError::of("wait for the container")(error)),
            None => Err(EngineError::Gone("it hung up".to_owned())),
        }
    }

    /// The end of what a container printed: so many lines, and at most so many bytes.
    pub(crate) async fn tail(
        &self,
        name: &str,
        lines: usize,
        bytes: usize,
    ) -> Result<Vec<u8>, EngineError> {
        let options = LogsOptionsBuilder::new()
            .stdout(true)
            .stderr(true)
            .tail(&lines.to_string())
            .build();
        let mut printed = self.0.logs(name, Some(options));
        let mut tail = Vec::new();
        while let Some(piece) = printed.next().await {
            let piece = piece.map_err(EngineError::of("show what the container printed"))?;
            tail.extend_from_slice(piece.as_ref());
            if tail.len() > bytes {
                tail.drain(..tail.len() - bytes);
            }
        }
        Ok(tail)
    }

    /// What a container prints on standard output, from a moment in seconds since 1970 on, for as long as it runs.
    pub(crate) fn follow(
        &self,
        name: &str,
        since: i32,
    ) -> impl Stream<Item = Result<Bytes, EngineError>> + use<> {
        let options = LogsOptionsBuilder::new()
            .stdout(true)
            .follow(true)
            .since(since)
            .build();
        self.0.logs(name, Some(options)).map(|piece| {
            piece
                .map(bollard::container::LogOutput::into_bytes)
                .map_err(EngineError::of("show what the container prints"))
        })
    }

    pub(crate) async fn has_image(&self, name: &str) -> Result<bool, EngineError> {
        match self
            .0
            .inspect_image(name)
            .await
            .map_err(EngineError::of("show an image"))
        {
            Ok(_) => Ok(true),
            Err(error) if error.is_missing() => Ok(false),
            Err(error) => Err(error),
        }
    }

    pub(crate) async fn load(
        &self,
        archive: impl Stream<Item = Result<Bytes, FetchError>> + Send + 'static,
    ) -> Result<(), EngineError> {
        let patient = self.0.clone().with_timeout(LOADING);
        let options = ImportImageOptionsBuilder::new().quiet(true).build();
        let mut answers = patient.import_image_stream(options, archive, None);
        while let Some(answer) = answers.next().await {
            answer.map_err(EngineError::of("take the image"))?;
        }
        Ok(())
    }

    /// The names of this sensor's images.
    pub(crate) async fn images(&self, owner: Owner) -> Result<Vec<String>, EngineError> {
        let reference = HashMap::from([("reference", vec![owner.repository()])]);
        let options = ListImagesOptionsBuilder::new().filters(&reference).build();
        let images = self
            .0
            .list_images(Some(options))
            .await
            .map_err(EngineError::of("list images"))?;
        let repository = format!("{}:", owner.repository());
        Ok(images
            .into_iter()
            .flat_map(|image| image.repo_tags)
            .filter(|name| name.starts_with(&repository))
            .collect())
    }

    pub(crate) async fn remove_image(&self, name: &str) -> Result<(), EngineError> {
        let options = None::<RemoveImageOptions>;
        unless_missing(
            self.0
                .remove_image(name, options, None)
                .await
                .map(drop)
                .map_err(EngineError::of("remove an image")),
        )
    }
}

fn ours(owner: Owner) -> HashMap<&'static str, Vec<String>> {
    HashMap::from([("label", vec![format!("{SENSOR}={}", owner.label())])])
}

fn instance(labels: &HashMap<String, String>) -> Option<InstanceId> {
    labels.get(INSTANCE)?.parse().ok()
}
