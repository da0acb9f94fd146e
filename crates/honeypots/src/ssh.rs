//! SSH: every way to log in, and the imitated shell behind it.

use std::{borrow::Cow, sync::Arc, time::Duration};

use async_trait::async_trait;
use russh::{
    MethodKind, MethodSet, Preferred, SshId, cipher, compression, kex, mac,
    server::{self, Config},
};
use serde_json::{Map, Value};
use skep_model::{InteractionKind, Transport, sensor::Port};
use tokio::sync::{mpsc, oneshot};

use crate::{
    contract::{Description, Honeypot, Level, Peer, Service, SettingsError},
    record::Reporter,
    settings::Settings,
    shell::login::{self, Login},
    stream::{Stream, reason},
};

mod handler;
mod keys;
mod packet;
mod scp;
mod session;
mod sftp;
mod tap;
mod transfer;

#[cfg(feature = "fuzzing")]
pub mod fuzzing;

use handler::Handler;
use session::Session;
use tap::Tap;

/// How often one connection may try to log in, as OpenSSH has it.
const TRIES: u32 = 6;
/// How many messages wait between the protocol and the session.
const MESSAGES: usize = 8;

/// The SSH honeypot.
#[derive(Clone, Copy, Debug)]
pub struct Ssh;

impl Honeypot for Ssh {
    fn describe(&self) -> Description {
        Description {
            name: "ssh",
            description: "A Linux server's OpenSSH, with a shell behind it that does nothing.",
            revision: 1,
            level: Level::Medium,
            ports: vec![Port {
                number: 22,
                transport: Transport::Tcp,
            }],
            settings: [login::banner(
                "The server's identification; begins with SSH-2.0-; the personality's when empty.",
            )]
            .into_iter()
            .chain(login::settings())
            .collect(),
        }
    }

    fn configure(
        &self,
        settings: &Map<String, Value>,
        identity: &[u8; 32],
    ) -> Result<Arc<dyn Service>, SettingsError> {
        let settings = Settings::read(&self.describe(), settings)?;
        let login = Login::read(&settings, identity)?;
        let banner = match settings.text("banner") {
            "" => login.personality.ssh,
            banner => banner,
        };
        if !banner.starts_with("SSH-2.0-") || !banner.is_ascii() {
            let problem = "must begin with SSH-2.0- and have only ASCII characters".to_owned();
            return Err(SettingsError {
                name: "banner".to_owned(),
                problem,
            });
        }
        let keys = keys::host_keys(identity).map_err(|error| SettingsError {
            name: "identity".to_owned(),
            problem: format!("gives no host key: {error}"),
        })?;
        let config = Config {
            server_id: SshId::Standard(Cow::Owned(banner.to_owned())),
            methods: methods(),
            auth_rejection_time: login.delay,
            auth_rejection_time_initial: Some(Duration::ZERO),
            keys,
            preferred: preferred(),
            // The session counts tries itself; this is for methods that it never hears of.
            max_auth_attempts: 2 * TRIES as usize,
            // The stream has bounds of its own.
            inactivity_timeout: None,
            nodelay: true,
            ..Config::default()
        };
        Ok(Arc::new(Server {
            config: Arc::new(config),
            login,
        }))
    }
}

/// The methods that are offered.
fn methods() -> MethodSet {
    MethodSet::from(
        [
            MethodKind::PublicKey,
            MethodKind::Password,
            MethodKind::KeyboardInteractive,
        ]
        .as_slice(),
    )
}

/// What OpenSSH 8.9 offers, in its order, as far as the library has it; without compression, which would make
/// much of few bytes.
fn preferred() -> Preferred {
    Preferred {
        kex: Cow::Borrowed(&[
            kex::CURVE25519,
            kex::CURVE25519_PRE_RFC_8731,
            kex::ECDH_SHA2_NISTP256,
            kex::ECDH_SHA2_NISTP384,
            kex::ECDH_SHA2_NISTP521,
            kex::DH_GEX_SHA256,
            kex::DH_G16_SHA512,
            kex::DH_G18_SHA512,
            kex::DH_G14_SHA256,
            kex::EXTENSION_SUPPORT_AS_SERVER,
            kex::EXTENSION_OPENSSH_STRICT_KEX_AS_SERVER,
        ]),
        cipher: Cow::Borrowed(&[
            cipher::CHACHA20_POLY1305,
            cipher::AES_128_CTR,
            cipher::AES_192_CTR,
            cipher::AES_256_CTR,
            cipher::AES_128_GCM,
            cipher::AES_256_GCM,
        ]),
        mac: Cow::Borrowed(&[
            mac::HMAC_SHA256_ETM,
            mac::HMAC_SHA512_ETM,
            mac::HMAC_SHA1_ETM,
            mac::HMAC_SHA256,
            mac::HMAC_SHA512,
            mac::HMAC_SHA1,
        ]),
        compression: Cow::Borrowed(&[compression::NONE]),
        ..Preferred::default()
    }
}

struct Server {
    config: Arc<Config>,
    login: Login,
}

#[async_trait]
impl Service for Server {
    async fn connection(&self, mut stream: Stream, peer: Peer, reporter: &Reporter) {
        let mut recorder = reporter.open(peer, Transport::Tcp).await;
        recorder.record(InteractionKind::Connect).await;
        // The protocol runs in a task of the library's, which ends with this one.
        let _tether = stream.tether();
        let (sender, messages) = mpsc::channel(MESSAGES);
        let (heard, banner) = oneshot::channel();
        let handler = Handler::new(Arc::clone(&self.login.accept), sender);
        let started =
            server::run_stream(Arc::clone(&self.config), Tap::new(stream, heard), handler).await;
        // By now the client has said what it is, or is gone.
        if let Ok(text) = banner.await
            && !text.is_empty()
        {
            recorder
                .record(InteractionKind::Banner { text: text.into() })
                .await;
        }
        let end = match started {
            Ok(running) => {
                let mut session = Session::new(
                    recorder,
                    running.handle(),
                    messages,
                    Arc::clone(&self.login.machine),
                );
                let end = session.run(running).await;
                recorder = session.leave().await;
                end
            }
            Err(error) => Err(error),
        };
        let reason = match end {
            Ok(reason) => reason.to_owned(),
            Err(russh::Error::IO(error)) => reason(Some(&error)),
            Err(russh::Error::Disconnect | russh::Error::HUP) => reason(None),
            Err(russh::Error::SshEncoding(_)) => "a malformed message".to_owned(),
            Err(russh::Error::Version) => "no SSH client".to_owned(),
            Err(error) => error.to_string(),
        };
        recorder.close(&reason).await;
    }
}
