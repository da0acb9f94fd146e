//! Random secrets, of which only hashes are kept.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest, Sha256};

/// 256 random bits as 43 URL-safe characters.
///
/// # Panics
/// When the operating system has no random numbers: nothing would be safe then.
pub(crate) fn secret() -> String {
    let mut bytes = [0; 32];
    fill(&mut bytes);
    URL_SAFE_NO_PAD.encode(bytes)
}

/// A short random word by which a log line is found.
pub(crate) fn reference() -> String {
    let mut bytes = [0; 6];
    fill(&mut bytes);
    URL_SAFE_NO_PAD.encode(bytes)
}

#[expect(
    clippy::expect_used,
    reason = "without random numbers nothing would be safe"
)]
fn fill(bytes: &mut [u8]) {
    getrandom::fill(bytes).expect("the operating system gives random numbers");
}

/// What is kept of a secret. The secret has 256 bits, so a plain hash is enough.
pub(crate) fn hash(secret: &str) -> [u8; 32] {
    Sha256::digest(secret.as_bytes()).into()
}
