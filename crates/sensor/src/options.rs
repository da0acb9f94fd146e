//! The command line.

use std::{
    net::IpAddr,
    path::{Path, PathBuf},
    str::FromStr,
};

use clap::{Args, Parser, Subcommand};
use skep_model::listen::InterfaceName;
use skep_protocol::token::EnrolmentToken;
use url::Url;

/// A Skep sensor: runs honeypots, and reports whoever touches them to its server.
#[derive(Debug, Parser)]
#[command(name = "skep-sensor", version)]
pub struct Options {
    /// What to log: error, warn, info, debug, or a filter such as `info,skep_sensor=debug`.
    #[arg(long, env = "SKEP_LOG", default_value = "info", global = true)]
    pub log: String,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Enrol, if that was not done yet, and run until stopped.
    Run(Run),
}

/// How to run.
#[derive(Clone, Debug, Args)]
pub struct Run {
    /// The server's address, such as `https://skep.example:3443`. After enrolment it is known.
    #[arg(long, env = "SKEP_SENSOR_SERVER", value_parser = server)]
    pub server: Option<Url>,
    /// The one-time enrolment token from the console's Sensors page. Not looked at after enrolment.
    #[arg(long, env = "SKEP_SENSOR_TOKEN", hide_env_values = true)]
    pub token: Option<EnrolmentToken>,
    /// The folder for the identity and for what was not delivered yet.
    #[arg(long, env = "SKEP_SENSOR_DATA", default_value = "./sensor-data")]
    pub data: PathBuf,
    /// How much of what was not delivered yet is kept, in megabytes; when it is full, the oldest is dropped.
    #[arg(long, env = "SKEP_SENSOR_SPOOL_SIZE", default_value_t = 256, value_parser = clap::value_parser!(u32).range(1..))]
    pub spool_size: u32,
    /// Enrol with the token although the data folder has an identity.
    #[arg(long)]
    pub enrol_again: bool,
    /// Allow plain HTTP to a server that is not on this machine. Whoever is in between can read and change everything.
    #[arg(long, env = "SKEP_INSECURE_HTTP", value_parser = clap::builder::FalseyValueParser::new())]
    pub insecure_http: bool,
    /// The user to become when started as root; only the rights to open ports below 1024 and to administer the network
    /// are kept, and the group of the engine's socket if there is an engine. `root` stays root.
    #[arg(long, env = "SKEP_SENSOR_USER", default_value = "nobody")]
    pub user: String,
    /// The socket of the Docker engine that runs honeypots in containers, usually /var/run/docker.sock, or `none`.
    /// Access to it is as good as root, so it must be asked for.
    #[arg(long, env = "SKEP_SENSOR_ENGINE", default_value = "none")]
    pub engine: EngineChoice,
    /// The network interface for honeypots in containers that work on one, where an administrator allows it.
    #[arg(long, env = "SKEP_SENSOR_INTERFACE", value_parser = interface)]
    pub interface: Option<InterfaceName>,
}

impl Run {
    /// The engine's socket, if there is an engine.
    #[must_use]
    pub fn engine(&self) -> Option<&Path> {
        match &self.engine {
            EngineChoice::None => None,
            EngineChoice::Socket(path) => Some(path),
        }
    }
}

/// What a sensor is told of the container engine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EngineChoice {
    /// There is none.
    None,
    /// It is at this socket.
    Socket(PathBuf),
}

impl FromStr for EngineChoice {
    type Err = &'static str;

    /// Takes `none`, and a path as it is or as `DOCKER_HOST` has it.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let path = Path::new(text.strip_prefix("unix://").unwrap_or(text));
        match text {
            "none" => Ok(Self::None),
            _ if path.is_absolute() => Ok(Self::Socket(path.to_owned())),
            _ => Err("expected the path of a socket such as /var/run/docker.sock, or none"),
        }
    }
}

fn interface(text: &str) -> Result<InterfaceName, &'static str> {
    InterfaceName::new(text).ok_or("expected the name of a network interface, such as eth0")
}

/// A server address that plain HTTP is not allowed to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "plain HTTP is only for a server on this machine: use https://, or --insecure-http if you know why"
)]
pub struct PlainHttp;

/// Refuses plain HTTP to another machine, unless it is allowed.
pub fn check_scheme(server: &Url, insecure: bool) -> Result<(), PlainHttp> {
    let local = server.host_str().is_some_and(|host| {
        let host = host.trim_start_matches('[').trim_end_matches(']');
        host == "localhost"
            || host
                .parse::<IpAddr>()
                .is_ok_and(|address| address.is_loopback())
    });
    if server.scheme() == "https" || local || insecure {
        Ok(())
    } else {
        Err(PlainHttp)
    }
}

/// Reads a server's address: scheme, host and port, nothing more.
fn server(text: &str) -> Result<Url, String> {
    let form = "expected an address such as https://skep.example:3443";
    let url: Url = text.parse().map_err(|_| form.to_owned())?;
    let plain = matches!(url.scheme(), "https" | "http")
        && url.has_host()
        && url.path() == "/"
        && url.query().is_none()
        && url.fragment().is_none()
        && url.username().is_empty()
        && url.password().is_none();
    if plain { Ok(url) } else { Err(form.to_owned()) }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may panic")]

    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_sound() {
        Options::command().debug_assert();
    }

    #[test]
    fn an_address_is_scheme_host_and_port() {
        for good in [
            "https://skep.example:3443",
            "https://[2001:db8::1]:3443/",
            "http://127.0.0.1:3000",
        ] {
            assert!(server(good).is_ok(), "{good}");
        }
        for bad in [
            "skep.example:3443",
            "https://a/path",
            "ftp://a",
            "https://user@a",
            "https://a?b",
            "",
        ] {
            assert!(server(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn an_engine_is_a_socket_of_this_machine() {
        let socket = |path| EngineChoice::Socket(PathBuf::from(path));
        assert_eq!("none".parse(), Ok(EngineChoice::None));
        for text in ["/run/docker.sock", "unix:///run/docker.sock"] {
            assert_eq!(text.parse(), Ok(socket("/run/docker.sock")));
        }
        for bad in ["", "docker.sock", "tcp://192.0.2.1:2375"] {
            assert!(bad.parse::<EngineChoice>().is_err(), "{bad}");
        }
    }

    #[test]
    fn plain_http_stays_on_this_machine() {
        for local in [
            "http://127.0.0.1:3000",
            "http://[::1]:3000",
            "http://localhost",
        ] {
            assert_eq!(check_scheme(&local.parse().unwrap(), false), Ok(()));
        }
        let remote = "http://192.0.2.1:3000".parse().unwrap();
        assert_eq!(check_scheme(&remote, false), Err(PlainHttp));
        assert_eq!(check_scheme(&remote, true), Ok(()));
    }
}
