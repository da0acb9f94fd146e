//! What the command line can do.

use std::{fs, sync::atomic::AtomicBool};

use skep_hub::{
    Actor, Client, DataFolder, Hub, HubError, Location, Locked, Options, Reach, StartError, Store,
    StoreError, backup::BackupError,
};
use skep_model::{Refusal, Transport, console::SetUp, token::TokenDraft, user::Role};

use crate::options::{Common, Serve, Token, TokenCommand};

/// Why a command failed, in words for whoever typed it.
#[derive(Debug, thiserror::Error)]
pub enum CommandError {
    /// The data folder.
    #[error(transparent)]
    Data(#[from] Locked),
    /// The database.
    #[error(
        "the database cannot be used: {0}. Check DATABASE_URL, or the space and rights of the data folder"
    )]
    Database(#[from] StoreError),
    /// The rest of the start.
    #[error(transparent)]
    Start(#[from] StartError),
    /// The hub said no.
    #[error("{0}")]
    Refused(String),
    /// The store for images.
    #[error(transparent)]
    ImageStore(#[from] crate::options::NoKey),
    /// A backup was not made or not restored.
    #[error(transparent)]
    Backup(#[from] BackupError),
    /// Serving.
    #[error(transparent)]
    Serve(#[from] crate::serve::ServeError),
}

impl From<HubError> for CommandError {
    fn from(error: HubError) -> Self {
        Self::Refused(error.to_string())
    }
}

/// Where the database is.
pub(crate) fn database(common: &Common) -> Location {
    match &common.database_url {
        Some(url) => Location::Url(url.clone()),
        None => Location::Folder(common.data.clone()),
    }
}

/// Opens database and hub. The data folder is in use for as long as the first is held.
pub async fn open(common: &Common) -> Result<(DataFolder, Hub), CommandError> {
    let folder = DataFolder::share(&common.data)?;
    let store = Store::open(&database(common), common.writer).await?;
    let endpoint = common
        .endpoint
        .clone()
        .unwrap_or_else(|| format!("https://{}", reachable(common.listen_tls)));
    let options = Options {
        data: common.data.clone(),
        endpoint: endpoint.trim_end_matches('/').to_owned(),
        behind_tls_proxy: common.tls_proxy,
        default_ports: common.default_ports.clone(),
        max_upload: common.max_upload,
        reach: Reach::new(common.registry.clone()),
        image_store: common.images.elsewhere()?,
        set_up_done: AtomicBool::new(false),
    };
    Ok((folder, Hub::start(store, options).await?))
}

/// Runs the server until it is told to stop.
pub async fn serve(common: Common, serve: Serve) -> Result<(), CommandError> {
    let (_in_use, hub) = open(&common).await?;
    if let Some(password) = &serve.admin_password
        && hub.needs_set_up().await?
    {
        let set_up = SetUp {
            password: password.clone(),
            email: String::new(),
            group: "default".to_owned(),
        };
        match hub.set_up(set_up, &Client::default()).await {
            Err(HubError::Refused(Refusal::Invalid { complaint, .. })) => {
                return Err(CommandError::Refused(format!(
                    "SKEP_ADMIN_PASSWORD cannot be used: {complaint:?}"
                )));
            }
            other => other.map(|_| ())?,
        }
    }
    hub.start_jobs();
    crate::serve::run(hub, &common, &serve).await?;
    Ok(())
}

/// Makes a token and prints it.
#[expect(clippy::print_stdout, reason = "printing is what the command is for")]
pub async fn token(common: Common, token: Token) -> Result<(), CommandError> {
    let (_in_use, hub) = open(&common).await?;
    let TokenCommand::Create {
        name,
        role,
        group,
        days,
    } = token.command;
    let actor = Actor::command_line();
    let role = Role::from(role);
    let mut groups = vec![];
    for known in hub.groups(&actor).await? {
        if group.contains(&known.name) || (group.is_empty() && role != Role::Admin) {
            groups.push(known.id);
        }
    }
    if !group.is_empty() && groups.len() != group.len() {
        return Err(CommandError::Refused(
            "--group names a group that does not exist".to_owned(),
        ));
    }
    let draft = TokenDraft {
        name,
        role,
        areas: vec![],
        groups,
        days,
    };
    let made = hub.create_token(&actor, draft).await?;
    hub.store().close().await;
    println!("{}", made.secret);
    Ok(())
}

/// Adds the local sensor, and prints what it listens on and, on the last line, its token or nothing.
#[expect(clippy::print_stdout, reason = "printing is what the command is for")]
pub async fn local_sensor(common: Common) -> Result<(), CommandError> {
    let (_in_use, hub) = open(&common).await?;
    let (instances, token) = hub.local_sensor().await?;
    hub.store().close().await;
    for instance in instances {
        let ports: Vec<String> = instance
            .placement
            .ports
            .iter()
            .map(|port| {
                format!(
                    "{}/{}",
                    port.number,
                    if port.transport == Transport::Udp {
                        "udp"
                    } else {
                        "tcp"
                    }
                )
            })
            .collect();
        println!("{} {}", instance.service, ports.join(" "));
    }
    println!("{}", token.unwrap_or_default());
    Ok(())
}

/// How others reach an address that is listened on: one that stands for all addresses goes by the machine's name.
fn reachable(address: std::net::SocketAddr) -> String {
    let name = fs::read_to_string("/etc/hostname").unwrap_or_default();
    match name.trim() {
        name if address.ip().is_unspecified() && !name.is_empty() => {
            format!("{name}:{}", address.port())
        }
        _ => address.to_string(),
    }
}
