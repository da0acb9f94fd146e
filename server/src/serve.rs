//! Listening, and stopping in order.

use std::{io, net::SocketAddr, path::Path, time::Duration};

use axum::{Extension, Router};
use axum_server::{Handle, tls_rustls::RustlsConfig};
use skep_hub::{CertificateError, Hub, Leaf};
use tokio::sync::watch;

use crate::{
    layers::Secure,
    options::{Common, Serve},
    router,
};

/// Why the server cannot run.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// Plain HTTP on a public address.
    #[error(
        "plain HTTP is for loopback addresses only, and {0} is none; listen with --listen-tls there, or set SKEP_INSECURE_HTTP=1"
    )]
    Insecure(SocketAddr),
    /// An address cannot be listened on.
    #[error(
        "cannot listen on {address}: {error}. Is another program there? Choose another with {setting}"
    )]
    Listen {
        /// Which.
        address: SocketAddr,
        /// Why.
        error: io::Error,
        /// How to choose another.
        setting: &'static str,
    },
    /// The certificate.
    #[error(transparent)]
    Certificate(#[from] CertificateError),
    /// The certificate, again.
    #[error("the server's certificate cannot be used: {0}")]
    Tls(io::Error),
    /// The browser's half is not there.
    #[error(
        "{0} does not hold the console's files; run from the project's folder, or set LEPTOS_SITE_ROOT"
    )]
    Site(String),
}

/// How long connections have to end by themselves when the server stops.
const LAST_CALL: Duration = Duration::from_secs(3);

/// Serves until SIGINT or SIGTERM.
pub async fn run(hub: Hub, common: &Common, serve: &Serve) -> Result<(), ServeError> {
    if !serve.listen.ip().is_loopback() && !serve.insecure_http {
        return Err(ServeError::Insecure(serve.listen));
    }
    if !serve.site_root.join("pkg").is_dir() {
        return Err(ServeError::Site(serve.site_root.display().to_string()));
    }
    let _ = rustls::crypto::ring::default_provider().install_default();
    let (stop, stopping) = tokio::sync::watch::channel(false);
    let app = router::router(hub.clone(), &serve.site_root, stopping);

    let mut leaves = hub.authority().leaves(hosts(common, serve))?;
    let leaf = leaves.borrow_and_update().clone();
    let Leaf {
        chain_pem, key_pem, ..
    } = leaf.ok_or(ServeError::Tls(io::ErrorKind::NotFound.into()))?;
    let tls = RustlsConfig::from_pem(chain_pem.into_bytes(), key_pem.into_bytes())
        .await
        .map_err(ServeError::Tls)?;
    let plain = listen(serve.listen, "--listen")?;
    let secure = listen(common.listen_tls, "--listen-tls")?;
    let handle = Handle::new();
    tracing::info!(
        "listening on http://{} and https://{}",
        serve.listen,
        common.listen_tls
    );
    let plain = axum_server::from_tcp(plain)
        .map_err(|error| ServeError::Listen {
            address: serve.listen,
            error,
            setting: "--listen",
        })?
        .handle(handle.clone())
        .serve(service(&app, false));
    let secure = axum_server::from_tcp_rustls(secure, tls.clone())
        .map_err(|error| ServeError::Listen {
            address: common.listen_tls,
            error,
            setting: "--listen-tls",
        })?
        .handle(handle.clone())
        .serve(service(&app, true));
    let servers = tokio::spawn(async move { tokio::join!(plain, secure) });
    let renewal = tokio::spawn(show_new(leaves, tls));

    stop_signal().await;
    tracing::info!("stopping");
    let _ = stop.send(true);
    hub.release_polls();
    handle.graceful_shutdown(Some(LAST_CALL));
    let _ = servers.await;
    renewal.abort();
    hub.store().close().await;
    Ok(())
}

/// Shows each new certificate to whoever connects from then on.
async fn show_new(mut leaves: watch::Receiver<Option<Leaf>>, tls: RustlsConfig) {
    while leaves.changed().await.is_ok() {
        let Some(leaf) = leaves.borrow_and_update().clone() else {
            continue;
        };
        let (chain, key) = (leaf.chain_pem.into_bytes(), leaf.key_pem.into_bytes());
        if let Err(error) = tls.reload_from_pem(chain, key).await {
            tracing::error!(%error, "the server's new certificate cannot be used; it goes on with the old one");
        }
    }
}

type Service = axum::extract::connect_info::IntoMakeServiceWithConnectInfo<Router, SocketAddr>;

fn service(app: &Router, secure: bool) -> Service {
    app.clone()
        .layer(Extension(Secure(secure)))
        .into_make_service_with_connect_info::<SocketAddr>()
}

fn listen(address: SocketAddr, setting: &'static str) -> Result<std::net::TcpListener, ServeError> {
    let failed = |error| ServeError::Listen {
        address,
        error,
        setting,
    };
    let listener = std::net::TcpListener::bind(address).map_err(failed)?;
    listener.set_nonblocking(true).map_err(failed)?;
    Ok(listener)
}

/// The names and addresses that the certificate is for.
fn hosts(common: &Common, serve: &Serve) -> Vec<String> {
    let mut hosts = vec![
        "localhost".to_owned(),
        "127.0.0.1".to_owned(),
        "::1".to_owned(),
    ];
    if !common.listen_tls.ip().is_unspecified() {
        hosts.push(common.listen_tls.ip().to_string());
    }
    if let Ok(name) = std::fs::read_to_string(Path::new("/etc/hostname")) {
        hosts.push(name.trim().to_owned());
    }
    if let Some(endpoint) = &common.endpoint
        && let Ok(uri) = endpoint.parse::<axum::http::Uri>()
        && let Some(host) = uri.host()
    {
        hosts.push(host.trim_matches(['[', ']']).to_owned());
    }
    hosts.extend(serve.hosts.iter().cloned());
    hosts.retain(|host| !host.is_empty() && host.is_ascii());
    hosts.sort();
    hosts.dedup();
    hosts
}

/// Waits for SIGINT or SIGTERM.
pub(crate) async fn stop_signal() {
    use tokio::signal::unix::{SignalKind, signal};
    let Ok(mut terminate) = signal(SignalKind::terminate()) else {
        return;
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = terminate.recv() => {}
    }
}
