//! Signed requests: any three header fields, and whether a changed signature is ever taken.
#![no_main]
#![allow(clippy::expect_used, reason = "a broken rule is a panic")]

use ed25519_dalek::SigningKey;
use libfuzzer_sys::fuzz_target;
use skep_model::Timestamp;
use skep_protocol::signature::{self, Claim, Headers, SignatureError};

fuzz_target!(|text: &str| {
    let mut lines = text.splitn(4, '\n');
    let mut line = || lines.next().unwrap_or_default();
    let (input, signature, digest, body) = (line(), line(), line(), line());
    let key = SigningKey::from_bytes(&[7; 32]);
    let claim = match Claim::parse(input, signature, digest) {
        Ok(claim) => claim,
        Err(error) => {
            assert_eq!(error, SignatureError::Form);
            return;
        }
    };
    let path = "/sensor/v1/events";
    let verified = claim.verify(&key.verifying_key(), "POST", path, body.as_bytes());

    // The claim's own values give these very header fields: one claim has one spelling.
    let Some(created) = claim.created.checked_mul(1000) else {
        assert!(verified.is_err());
        return;
    };
    let own = sign(&key, &claim, Timestamp(created), path, body);
    assert_eq!(own.signature_input, input);
    assert_eq!(
        verified.is_ok(),
        own.signature == signature && own.content_digest == digest
    );
    let good = Claim::parse(&own.signature_input, &own.signature, &own.content_digest);
    let good = good.expect("what was signed is read");
    assert_eq!(
        good.verify(&key.verifying_key(), "POST", path, body.as_bytes()),
        Ok(())
    );
});

fn sign(key: &SigningKey, claim: &Claim, at: Timestamp, path: &str, body: &str) -> Headers {
    let (sensor, nonce) = (claim.sensor, &claim.nonce);
    signature::sign(key, sensor, "POST", path, body.as_bytes(), at, nonce)
}
