//! Settings by flags and environment.

use std::{net::SocketAddr, path::PathBuf};

use clap::{Args, Parser, Subcommand, ValueEnum, builder::FalseyValueParser};
use skep_hub::{Bucket, DefaultPorts, ListedHost, S3, backup::Recipient};
use skep_model::user::Role;

/// Skep's server: web console, API and sensor endpoint.
#[derive(Debug, Parser)]
#[command(name = "skep-server", version)]
pub struct CommandLine {
    /// What every command needs.
    #[command(flatten)]
    pub common: Common,
    /// What serving needs.
    #[command(flatten)]
    pub serve: Serve,
    /// What is logged: a level, or `info,skep_hub=debug`.
    #[arg(long, env = "SKEP_LOG", default_value = "info", global = true)]
    pub log: String,
    /// What to do.
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// What every command needs.
#[derive(Clone, Debug, Args)]
pub struct Common {
    /// The folder for the database and everything else that is kept.
    #[arg(long, env = "SKEP_DATA", default_value = "./data", global = true)]
    pub data: PathBuf,
    /// `postgres://…`; without it the database is SQLite, in the data folder.
    #[arg(long, env = "DATABASE_URL", hide_env_values = true, global = true)]
    pub database_url: Option<String>,
    /// Where sensors reach this server, `https://HOST:PORT`. By default the TLS listener's address.
    #[arg(long, env = "SKEP_ENDPOINT", global = true)]
    pub endpoint: Option<String>,
    /// The address for HTTPS: sensors, and browsers from elsewhere.
    #[arg(
        long,
        env = "SKEP_LISTEN_TLS",
        default_value = "127.0.0.1:3443",
        global = true
    )]
    pub listen_tls: SocketAddr,
    /// A proxy in front ends TLS with a public certificate; sensors then trust public authorities.
    #[arg(long, env = "SKEP_TLS_PROXY", value_parser = FalseyValueParser::new(), global = true)]
    pub tls_proxy: bool,
    /// Ports on which a new sensor offers the built-in services: `ssh=22,telnet=23,catch-all=21+80`.
    #[arg(long, env = "SKEP_DEFAULT_PORTS", default_value = "", global = true)]
    pub default_ports: DefaultPorts,
    /// The longest service archive that can be uploaded, in bytes.
    #[arg(
        long,
        env = "SKEP_MAX_UPLOAD",
        default_value_t = 4 * 1024 * 1024 * 1024,
        global = true
    )]
    pub max_upload: u64,
    /// Registries in the own network that images may be fetched from, comma-separated: `HOST`, `HOST:PORT`, or
    /// `http://HOST:PORT` for one without TLS. Others are asked only where they are in the internet.
    #[arg(long, env = "SKEP_REGISTRY", value_delimiter = ',', global = true)]
    pub registry: Vec<ListedHost>,
    /// Where images are kept.
    #[command(flatten)]
    pub images: ImageStore,
    /// Tells apart several servers on one PostgreSQL database; each needs a number of its own.
    #[arg(long, env = "SKEP_WRITER", default_value_t = 0, global = true)]
    pub writer: i64,
}

/// Where images are kept, if not in the data folder.
#[derive(Clone, Debug, Args)]
pub struct ImageStore {
    /// Keep images in a store that speaks S3, and not in the data folder: `s3://BUCKET` or `s3://BUCKET/PREFIX`.
    #[arg(long, env = "SKEP_IMAGE_STORE", global = true)]
    pub image_store: Option<Bucket>,
    /// That store's address, where it is not Amazon's: `https://HOST`, or `http://HOST:PORT` without TLS.
    #[arg(long, env = "AWS_ENDPOINT_URL", global = true)]
    pub s3_endpoint: Option<String>,
    /// Its region.
    #[arg(long, env = "AWS_REGION", default_value = "us-east-1", global = true)]
    pub s3_region: String,
    /// The name of the key to it.
    #[arg(long, env = "AWS_ACCESS_KEY_ID", hide_env_values = true, global = true)]
    pub s3_access_key: Option<String>,
    /// The key to it.
    #[arg(
        long,
        env = "AWS_SECRET_ACCESS_KEY",
        hide_env_values = true,
        global = true
    )]
    pub s3_secret_key: Option<String>,
}

/// A store without its key.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("the store for images needs a key: --s3-access-key and --s3-secret-key")]
pub struct NoKey;

impl ImageStore {
    /// The store elsewhere, if there is one.
    pub fn elsewhere(&self) -> Result<Option<S3>, NoKey> {
        let Some(bucket) = self.image_store.clone() else {
            return Ok(None);
        };
        Ok(Some(S3 {
            endpoint: self.s3_endpoint.clone(),
            region: self.s3_region.clone(),
            bucket,
            access_key: self.s3_access_key.clone().ok_or(NoKey)?,
            secret_key: self.s3_secret_key.clone().ok_or(NoKey)?,
        }))
    }
}

/// What serving needs.
#[derive(Clone, Debug, Args)]
pub struct Serve {
    /// The address for plain HTTP; loopback only.
    #[arg(
        long,
        env = "SKEP_LISTEN",
        default_value = "127.0.0.1:3000",
        global = true
    )]
    pub listen: SocketAddr,
    /// Allow plain HTTP on other addresses than loopback. Passwords then cross the network in the clear.
    #[arg(long, env = "SKEP_INSECURE_HTTP", value_parser = FalseyValueParser::new(), global = true)]
    pub insecure_http: bool,
    /// Further host names and addresses for the server's own certificate, comma-separated.
    #[arg(long, env = "SKEP_HOSTS", value_delimiter = ',', global = true)]
    pub hosts: Vec<String>,
    /// Makes the user `admin` with this password and the group `default`, instead of the set-up page.
    #[arg(
        long,
        env = "SKEP_ADMIN_PASSWORD",
        hide_env_values = true,
        global = true
    )]
    pub admin_password: Option<String>,
    /// The folder with the browser's half of the console.
    #[arg(
        long,
        env = "LEPTOS_SITE_ROOT",
        default_value = "target/site",
        global = true
    )]
    pub site_root: PathBuf,
}

/// What to do.
#[derive(Clone, Debug, Subcommand)]
pub enum Command {
    /// Run the server (the default).
    Serve,
    /// Work on API tokens.
    Token(Token),
    /// Add the sensor `local` of this machine if there is none, and print what it listens on and its token.
    LocalSensor,
    /// Write everything that the server keeps into one file: the database, and the authority that sensors trust.
    ///
    /// The server may run meanwhile and take events; the backup is of the moment at which it began. It restores into
    /// SQLite and PostgreSQL alike, wherever it was made. It holds password hashes and the authority's key, so keep it
    /// as safe as the server, or encrypt it.
    Backup(Backup),
    /// Put back what a backup holds: all of it, or nothing.
    ///
    /// The server must not run. Sessions are not in a backup, so everybody logs in anew; sensors go on delivering.
    /// Encrypted backups are known by themselves.
    Restore(Restore),
}

/// Make a backup.
#[derive(Clone, Debug, Args)]
pub struct Backup {
    /// The file to write, which only its owner may read; `-` is standard output.
    pub file: PathBuf,
    /// Replace the file if it is there already.
    #[arg(long)]
    pub force: bool,
    /// Encrypt for the holder of this key of age's (`age1…`); may be given several times. Only the other half of the
    /// key, which need not be on this machine, opens the backup.
    #[arg(long, value_name = "KEY", conflicts_with = "passphrase_file")]
    pub recipient: Vec<Recipient>,
    /// With which passphrase.
    #[command(flatten)]
    pub passphrase: Passphrase,
}

/// Restore a backup.
#[derive(Clone, Debug, Args)]
pub struct Restore {
    /// The backup; `-` is standard input.
    pub file: PathBuf,
    /// Give up what the database holds.
    #[arg(long)]
    pub replace: bool,
    /// The file with the other half of the key (`AGE-SECRET-KEY-1…`), for backups that were made with --recipient.
    #[arg(long, value_name = "FILE", conflicts_with = "passphrase_file")]
    pub identity: Option<PathBuf>,
    /// With which passphrase.
    #[command(flatten)]
    pub passphrase: Passphrase,
}

/// A passphrase, which never stands on the command line.
#[derive(Clone, Debug, Args)]
pub struct Passphrase {
    /// Encrypt and decrypt with the passphrase on the first line of this file. The variable `SKEP_BACKUP_PASSPHRASE` may
    /// hold the passphrase itself.
    #[arg(long, value_name = "FILE", env = "SKEP_BACKUP_PASSPHRASE_FILE")]
    pub passphrase_file: Option<PathBuf>,
}

/// Work on API tokens.
#[derive(Clone, Debug, Args)]
pub struct Token {
    /// What to do.
    #[command(subcommand)]
    pub command: TokenCommand,
}

/// Work on API tokens.
#[derive(Clone, Debug, Subcommand)]
pub enum TokenCommand {
    /// Make a token, and print it on the last line. It is never shown again.
    Create {
        /// What it is for.
        #[arg(long)]
        name: String,
        /// What it may do.
        #[arg(long)]
        role: RoleName,
        /// For which groups, by name; may be given several times. Without it for all: for an admin whatever comes,
        /// for others those that exist now.
        #[arg(long)]
        group: Vec<String>,
        /// For how many days it is good, 1 to 3660. Without it until it is revoked.
        #[arg(long, value_parser = clap::value_parser!(u32).range(1..=3660))]
        days: Option<u32>,
    },
}

/// A role, on the command line.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum RoleName {
    /// Sees.
    Observer,
    /// Works.
    Manager,
    /// Does everything.
    Admin,
}

impl From<RoleName> for Role {
    fn from(name: RoleName) -> Self {
        match name {
            RoleName::Observer => Self::Observer,
            RoleName::Manager => Self::Manager,
            RoleName::Admin => Self::Admin,
        }
    }
}
