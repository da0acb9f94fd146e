//! Recognising sensors by their signatures.

use std::{
    collections::{HashSet, VecDeque},
    sync::{Mutex, PoisonError},
};

use ed25519_dalek::VerifyingKey;
use skep_model::{Timestamp, ids::SensorId};
use skep_protocol::signature::{Claim, MAX_SKEW_SECONDS};
use skep_store::Scope;

use crate::{Hub, HubError};

/// The most nonces remembered. More requests than this within two minutes are refused rather than let through.
const REMEMBERED: usize = 500_000;

/// A request as it came, for checking.
#[derive(Clone, Copy, Debug)]
pub struct SignedRequest<'a> {
    /// The method, in capitals.
    pub method: &'a str,
    /// The path, without the query.
    pub path: &'a str,
    /// The body, whole.
    pub body: &'a [u8],
    /// Header `Content-Digest`.
    pub content_digest: &'a str,
    /// Header `Signature-Input`.
    pub signature_input: &'a str,
    /// Header `Signature`.
    pub signature: &'a str,
}

/// Why a sensor's request is not taken.
#[derive(Debug, thiserror::Error)]
pub enum NotRecognised {
    /// No such sensor, or it has not enrolled.
    #[error("no sensor has this id")]
    Unknown,
    /// Its key is not taken any more.
    #[error("this sensor was revoked; enrol it again from the console's Sensors page")]
    Revoked,
    /// Signed too long ago, or in the future.
    #[error("the request's time differs from the server's by more than {MAX_SKEW_SECONDS} seconds")]
    Clock,
    /// Seen before.
    #[error("this request was seen before")]
    Replayed,
    /// Not signed, or not by this sensor.
    #[error("the signature does not fit")]
    Signature,
    /// The database failed.
    #[error(transparent)]
    Failed(#[from] HubError),
}

/// Nonces of the last minutes, so that no request is taken twice.
#[derive(Default)]
pub(crate) struct Nonces(Mutex<Seen>);

#[derive(Default)]
struct Seen {
    known: HashSet<[u8; 16]>,
    by_time: VecDeque<(i64, [u8; 16])>,
}

impl Nonces {
    /// Remembers a nonce; `false` when it is known, or when there are too many.
    fn take(&self, nonce: [u8; 16], now: i64) -> bool {
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        while let Some((at, old)) = seen.by_time.front().copied()
            && now - at > 2 * MAX_SKEW_SECONDS
        {
            seen.by_time.pop_front();
            seen.known.remove(&old);
        }
        if seen.known.len() >= REMEMBERED || !seen.known.insert(nonce) {
            return false;
        }
        seen.by_time.push_back((now, nonce));
        true
    }
}

impl Hub {
    /// The sensor that signed a request.
    pub async fn recognise(&self, request: SignedRequest<'_>) -> Result<SensorId, NotRecognised> {
        let claim = Claim::parse(
            request.signature_input,
            request.signature,
            request.content_digest,
        )
        .map_err(|_| NotRecognised::Signature)?;
        let sensor = self
            .0
            .store
            .sensor(&Scope::Everything, claim.sensor)
            .await
            .map_err(HubError::from)?;
        let sensor = sensor.ok_or(NotRecognised::Unknown)?;
        let key = sensor
            .public_key
            .as_deref()
            .and_then(|key| key.try_into().ok());
        let key = key
            .and_then(|key| VerifyingKey::from_bytes(key).ok())
            .ok_or(NotRecognised::Unknown)?;
        claim
            .verify(&key, request.method, request.path, request.body)
            .map_err(|_| NotRecognised::Signature)?;
        if sensor.revoked_at.is_some() {
            return Err(NotRecognised::Revoked);
        }
        // The clock comes after the signature: only a real sensor learns that its clock is wrong.
        let now = Timestamp::now().0 / 1000;
        if (now - claim.created).abs() > MAX_SKEW_SECONDS {
            return Err(NotRecognised::Clock);
        }
        if !self.0.nonces.take(claim.nonce, now) {
            return Err(NotRecognised::Replayed);
        }
        Ok(claim.sensor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_nonce_is_taken_once_while_its_request_could_still_be_taken() {
        let nonces = Nonces::default();
        assert!(nonces.take([1; 16], 1000));
        assert!(!nonces.take([1; 16], 1000 + 2 * MAX_SKEW_SECONDS));
        assert!(nonces.take([2; 16], 1001 + 2 * MAX_SKEW_SECONDS));
        assert!(nonces.take([1; 16], 1001 + 2 * MAX_SKEW_SECONDS));
    }
}
