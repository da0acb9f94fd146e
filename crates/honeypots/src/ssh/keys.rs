//! Host keys that follow from the sensor's identity.

use russh::keys::{
    PrivateKey,
    ssh_key::private::{EcdsaKeypair, Ed25519Keypair},
};

use crate::shell::machine::derive;

/// An Ed25519 and an ECDSA key, for clients old and new. There is no RSA key: making one takes seconds, and a
/// client that knows nothing else is hardly met any more.
pub(super) fn host_keys(
    identity: &[u8; 32],
) -> Result<Vec<PrivateKey>, p256::elliptic_curve::Error> {
    let ed25519 = Ed25519Keypair::from_seed(&derive(identity, "ssh ed25519"));
    let secret = p256::SecretKey::from_slice(&derive(identity, "ssh ecdsa"))?;
    let ecdsa = EcdsaKeypair::NistP256 {
        public: secret.public_key().into(),
        private: secret.into(),
    };
    Ok(vec![PrivateKey::from(ed25519), PrivateKey::from(ecdsa)])
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use russh::keys::HashAlg;

    use super::*;

    #[test]
    fn keys_are_stable_on_one_sensor_and_differ_between_sensors() {
        let prints = |identity| -> Vec<String> {
            let keys = host_keys(&[identity; 32]).unwrap();
            keys.iter()
                .map(|key| key.fingerprint(HashAlg::Sha256).to_string())
                .collect()
        };
        assert_eq!(prints(1), prints(1));
        let (one, two) = (prints(1), prints(2));
        assert!(one.iter().all(|print| !two.contains(print)));
        assert_ne!(one[0], one[1]);
    }
}
