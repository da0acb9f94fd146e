//! A self-signed certificate that follows from the sensor's identity, to the last byte.

use std::time::{Duration, SystemTime};

use p256::{
    ecdsa::{Signature, SigningKey, signature::Signer},
    elliptic_curve::sec1::ToSec1Point,
    pkcs8::EncodePrivateKey,
};
use rcgen::{
    CertificateParams, DistinguishedName, DnType, IsCa, PKCS_ECDSA_P256_SHA256, PublicKeyData,
    SerialNumber, SignatureAlgorithm,
};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};

use crate::shell::machine::derive;

/// How long it is good for.
const YEARS: Duration = Duration::from_hours(24 * 3650);

/// The certificate and its key.
pub(super) fn make(
    identity: &[u8; 32],
    name: &str,
    from: SystemTime,
) -> Result<(CertificateDer<'static>, PrivateKeyDer<'static>), String> {
    let key = SigningKey::from_slice(&derive(identity, "https certificate"))
        .map_err(|error| error.to_string())?;
    let pkcs8 = key.to_pkcs8_der().map_err(|error| error.to_string())?;
    let private = PrivatePkcs8KeyDer::from(pkcs8.as_bytes().to_vec());
    let signer = Signing {
        public: key
            .verifying_key()
            .as_affine()
            .to_sec1_point(false)
            .as_bytes()
            .to_vec(),
        key,
    };
    let params = params(identity, name, from).map_err(|error| error.to_string())?;
    let certificate = params
        .self_signed(&signer)
        .map_err(|error| error.to_string())?;
    Ok((certificate.into(), private.into()))
}

/// What it says: as OpenSSL's ready-made certificates on Debian have it.
fn params(
    identity: &[u8; 32],
    name: &str,
    from: SystemTime,
) -> Result<CertificateParams, rcgen::Error> {
    let mut params = CertificateParams::new(vec![name.to_owned()])?;
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::ExplicitNoCa;
    params.not_before = from.into();
    params.not_after = (from + YEARS).into();
    let mut serial = derive(identity, "https serial")[..20].to_vec();
    // A serial number is positive.
    serial[0] = serial[0] & 0x7f | 0x40;
    params.serial_number = Some(SerialNumber::from_slice(&serial));
    Ok(params)
}

/// Signs the same bytes in the same way every time (RFC 6979), which *ring* does not.
struct Signing {
    key: SigningKey,
    public: Vec<u8>,
}

impl PublicKeyData for Signing {
    fn der_bytes(&self) -> &[u8] {
        &self.public
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        &PKCS_ECDSA_P256_SHA256
    }
}

impl rcgen::SigningKey for Signing {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, rcgen::Error> {
        let signature: Signature = self.key.sign(message);
        Ok(signature.to_der().as_bytes().to_vec())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn it_is_stable_on_one_sensor_and_differs_between_sensors() {
        let made = |identity| make(&[identity; 32], "web-03", SystemTime::UNIX_EPOCH).unwrap();
        assert_eq!(made(1).0, made(1).0);
        assert_eq!(made(1).1, made(1).1);
        assert_ne!(made(1).0, made(2).0);
    }
}
