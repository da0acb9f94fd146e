//! The first contact: a token becomes an identity.

use std::{path::Path, time::Duration};

use skep_model::Bytes;
use skep_protocol::{
    message::{EnrolAnswer, EnrolRequest},
    token::{self, EnrolmentToken},
};
use url::Url;

use crate::{
    client::{CallError, Client},
    clock::ServerClock,
    identity::{Identity, Secrets, Trust},
    retry::Retry,
    tls::{Anchors, TlsError},
};

const PATIENCE: Duration = Duration::from_secs(30);

/// An enrolment that failed.
#[derive(Debug, thiserror::Error)]
pub enum EnrolError {
    /// The server did not take it, or is not the one that the token was made by.
    #[error("{error}{}", advice(.error))]
    Call {
        /// What came instead of an answer.
        error: CallError,
    },
    /// There are no random numbers to make a key of.
    #[error("no key can be made: {0}")]
    Random(#[from] getrandom::Error),
    /// The server named authorities that cannot be used.
    #[error(transparent)]
    Authorities(#[from] TlsError),
    /// The server named none, although the token trusts one.
    #[error("the server did not say which authority to trust from now on")]
    NoAuthorities,
    /// The identity cannot be kept.
    #[error("the identity cannot be written to the data folder: {0}")]
    Save(#[from] std::io::Error),
}

/// Enrols at `server`, and keeps the identity in `folder`. While nobody answers, it tries again.
pub async fn enrol(
    server: &Url,
    token: &EnrolmentToken,
    folder: &Path,
    clock: ServerClock,
    earlier: Option<&Identity>,
) -> Result<(Identity, ServerClock), EnrolError> {
    let mut secrets = Secrets::generate()?;
    if let Some(earlier) = earlier {
        secrets = secrets.with_seed_of(earlier);
    }
    let (trust, anchors) = match token.trust {
        token::Trust::Authority(fingerprint) => {
            (Trust::Authorities, Anchors::Fingerprint(fingerprint))
        }
        token::Trust::WebPki => (Trust::WebPki, Anchors::WebPki),
    };
    let client = Client::new(server.clone(), anchors, None, clock)?;
    let request = EnrolRequest {
        secret: token.secret.clone(),
        public_key: Bytes(secrets.public_key().to_vec()),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        architecture: std::env::consts::ARCH.to_owned(),
    };
    let mut retry = Retry::new("enrolment");
    let answer: EnrolAnswer = loop {
        match client.post("/sensor/v1/enrol", &request, PATIENCE).await {
            Ok(answer) => break answer,
            Err(error) if may_pass(&error) => tokio::time::sleep(retry.failed(&error)).await,
            Err(error) => return Err(EnrolError::Call { error }),
        }
    };
    if trust == Trust::Authorities && answer.authorities.is_empty() {
        return Err(EnrolError::NoAuthorities);
    }
    let identity = Identity::new(
        answer.sensor,
        answer.name,
        server.clone(),
        trust,
        answer.authorities,
        &secrets,
    );
    // Authorities that cannot be read must show now, while the token's owner looks on.
    client.trust(identity.anchors())?;
    identity.save(folder)?;
    Ok((identity, client.into_clock()))
}

/// Whether waiting may help.
fn may_pass(error: &CallError) -> bool {
    match error {
        CallError::Unreachable(_) => true,
        CallError::Refused { problem, .. } => problem.status == 429 || problem.status >= 500,
        CallError::Untrusted(_) | CallError::Garbled(_) => false,
    }
}

fn advice(error: &CallError) -> &'static str {
    match error {
        CallError::Untrusted(_) => {
            "; check the address, and copy the whole command from the console's Sensors page"
        }
        CallError::Refused { problem, .. } if problem.kind == "token" => {
            "; a token is good once and for a limited time: make a new one on the console's Sensors page"
        }
        _ => "",
    }
}
