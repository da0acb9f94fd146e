//! Who the sensor is, as it was agreed at enrolment.

use std::{io, path::Path};

use ed25519_dalek::SigningKey;
use serde::{Deserialize, Serialize};
use skep_model::{Bytes, ids::SensorId};
use url::Url;

use crate::{client::Signer, files, tls::Anchors};

const FILE: &str = "identity.json";

/// The content of `identity.json`.
#[derive(Clone, Serialize, Deserialize)]
pub struct Identity {
    /// The id.
    pub sensor: SensorId,
    /// The name, as it was at enrolment.
    pub name: String,
    /// Where the server is.
    pub server: Url,
    /// How to know the server.
    pub trust: Trust,
    /// Certificates of the authorities that are trusted, PEM; only with [`Trust::Authorities`].
    pub authorities: Vec<String>,
    /// The private half of the Ed25519 key.
    key: Bytes,
    /// A random seed from which honeypots derive host keys and host names.
    seed: Bytes,
}

/// How to know the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Trust {
    /// By the authorities of [`Identity::authorities`].
    Authorities,
    /// By the public authorities.
    WebPki,
}

/// A key and a seed, freshly made.
#[derive(Clone)]
pub struct Secrets {
    key: [u8; 32],
    seed: [u8; 32],
}

impl Secrets {
    /// New ones.
    pub fn generate() -> Result<Self, getrandom::Error> {
        let mut secrets = Self {
            key: [0; 32],
            seed: [0; 32],
        };
        getrandom::fill(&mut secrets.key)?;
        getrandom::fill(&mut secrets.seed)?;
        Ok(secrets)
    }

    /// The key's public half.
    #[must_use]
    pub fn public_key(&self) -> [u8; 32] {
        SigningKey::from_bytes(&self.key).verifying_key().to_bytes()
    }

    /// The same key with the seed of an earlier identity: a sensor that enrols again still looks the same to
    /// attackers.
    #[must_use]
    pub fn with_seed_of(self, earlier: &Identity) -> Self {
        Self {
            seed: earlier.seed(),
            ..self
        }
    }
}

impl Identity {
    /// An identity with these secrets.
    #[must_use]
    pub fn new(
        sensor: SensorId,
        name: String,
        server: Url,
        trust: Trust,
        authorities: Vec<String>,
        secrets: &Secrets,
    ) -> Self {
        Self {
            sensor,
            name,
            server,
            trust,
            authorities,
            key: Bytes(secrets.key.to_vec()),
            seed: Bytes(secrets.seed.to_vec()),
        }
    }

    /// The identity in this data folder; `None` before enrolment.
    pub fn load(folder: &Path) -> io::Result<Option<Self>> {
        let file = folder.join(FILE);
        let identity: Option<Self> = files::read(&file)?;
        match identity {
            Some(identity) if identity.key.0.len() != 32 || identity.seed.0.len() != 32 => {
                let problem = format!("the key in {} is damaged", file.display());
                Err(io::Error::new(io::ErrorKind::InvalidData, problem))
            }
            identity => Ok(identity),
        }
    }

    /// Writes the identity to this data folder.
    pub fn save(&self, folder: &Path) -> io::Result<()> {
        files::replace(&folder.join(FILE), self)
    }

    /// Who signs.
    #[must_use]
    pub fn signer(&self) -> Signer {
        Signer {
            sensor: self.sensor,
            key: SigningKey::from_bytes(&array(&self.key)),
        }
    }

    /// What honeypots derive their own identity from.
    #[must_use]
    pub fn seed(&self) -> [u8; 32] {
        array(&self.seed)
    }

    /// Whose word on the server's certificate counts.
    #[must_use]
    pub fn anchors(&self) -> Anchors {
        match self.trust {
            Trust::Authorities => Anchors::Authorities(self.authorities.clone()),
            Trust::WebPki => Anchors::WebPki,
        }
    }
}

/// The 32 bytes whose number was checked when they were read.
fn array(bytes: &Bytes) -> [u8; 32] {
    let mut array = [0; 32];
    array.copy_from_slice(&bytes.0);
    array
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may panic")]

    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn an_identity_is_kept_for_its_owner_alone() {
        let folder = tempfile::tempdir().unwrap();
        assert!(Identity::load(folder.path()).unwrap().is_none());
        let secrets = Secrets::generate().unwrap();
        let server = "https://server:3443".parse().unwrap();
        let (id, name) = (SensorId::new(), "attic".to_owned());
        let authorities = vec!["PEM".to_owned()];
        Identity::new(id, name, server, Trust::Authorities, authorities, &secrets)
            .save(folder.path())
            .unwrap();
        let read = Identity::load(folder.path()).unwrap().unwrap();
        assert_eq!((read.sensor, read.seed()), (id, secrets.seed));
        assert_eq!(
            read.signer().key.verifying_key().to_bytes(),
            secrets.public_key()
        );
        assert_eq!(read.anchors(), Anchors::Authorities(vec!["PEM".to_owned()]));
        let mode = folder.path().join(FILE).metadata().unwrap().permissions();
        assert_eq!(mode.mode() & 0o777, 0o600);
    }

    #[test]
    fn a_damaged_identity_is_an_error_and_not_a_new_sensor() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(FILE), "{\"sensor\":").unwrap();
        assert!(Identity::load(folder.path()).is_err());
    }
}
