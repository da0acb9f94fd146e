//! The server's own certificate authority, and the certificate that it shows to sensors and browsers.

use std::{
    fs, io,
    io::Write as _,
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
    sync::atomic::{AtomicI64, Ordering},
};

use base64::{Engine, engine::general_purpose::STANDARD};
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};
use sha2::{Digest, Sha256};
use skep_model::Timestamp;
use time::{Duration, OffsetDateTime};
use x509_parser::prelude::{FromDer, X509Certificate};

/// What can go wrong with certificates.
#[derive(Debug, thiserror::Error)]
pub enum CertificateError {
    /// A file cannot be read or written.
    #[error("{path}: {error}")]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// A file does not hold what it should.
    #[error("the certificate authority in the data folder's tls folder cannot be used: {0}")]
    Unusable(#[from] rcgen::Error),
}

/// The authority's folder in the data folder, and its files there.
pub(crate) const FOLDER: &str = "tls";
pub(crate) const CERTIFICATE: &str = "ca.pem";
pub(crate) const KEY: &str = "ca.key";

/// The authority. Its key stays in the data folder.
#[derive(Debug)]
pub struct Authority {
    certificate_pem: String,
    key_pem: String,
    fingerprint: [u8; 32],
    until: Timestamp,
    /// Until when the leaf that was issued last is good, in milliseconds.
    leaf_until: AtomicI64,
}

/// A certificate for the server and its key, PEM. The certificate is followed by the authority's.
#[derive(Clone, Debug)]
pub struct Leaf {
    /// The chain.
    pub chain_pem: String,
    /// The key.
    pub key_pem: String,
}

impl Authority {
    /// Reads the authority from a folder, or makes one there (P-256, ten years).
    pub fn open(folder: &Path) -> Result<Self, CertificateError> {
        let (certificate, key) = (folder.join(CERTIFICATE), folder.join(KEY));
        if !certificate.exists() {
            fs::create_dir_all(folder).map_err(|error| CertificateError::File {
                path: folder.to_owned(),
                error,
            })?;
            let key_pair = KeyPair::generate()?;
            let made = authority_params()?.self_signed(&key_pair)?;
            // The key first: a certificate without its key would be taken for a whole authority.
            write(&key, key_pair.serialize_pem().as_bytes())?;
            write(&certificate, made.pem().as_bytes())?;
        }
        let certificate_pem = read(&certificate)?;
        let der = der(&certificate_pem);
        let until = X509Certificate::from_der(&der)
            .map(|(_, certificate)| certificate.validity().not_after.timestamp())
            .map_err(|_| rcgen::Error::CouldNotParseCertificate)?;
        Ok(Self {
            fingerprint: Sha256::digest(&der).into(),
            certificate_pem,
            key_pem: read(&key)?,
            until: Timestamp(until * 1000),
            leaf_until: AtomicI64::new(0),
        })
    }

    /// The authority's certificate, PEM.
    #[must_use]
    pub fn certificate_pem(&self) -> &str {
        &self.certificate_pem
    }

    /// SHA-256 of the certificate's DER form.
    #[must_use]
    pub fn fingerprint(&self) -> [u8; 32] {
        self.fingerprint
    }

    /// Until when the authority's certificate is good, and the one that was issued last.
    #[must_use]
    pub fn validity(&self) -> (Timestamp, Timestamp) {
        let leaf = self.leaf_until.load(Ordering::Relaxed);
        (self.until, Timestamp(leaf))
    }

    /// Makes a certificate for these host names and addresses, good for a year.
    pub fn issue(&self, hosts: &[String]) -> Result<Leaf, CertificateError> {
        let authority = authority_params()?;
        let issuer = Issuer::from_params(&authority, KeyPair::from_pem(&self.key_pem)?);
        let mut params = CertificateParams::new(hosts.to_vec())?;
        params
            .distinguished_name
            .push(DnType::CommonName, "Skep server");
        params.use_authority_key_identifier_extension = true;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.not_before = OffsetDateTime::now_utc() - Duration::days(365);
        params.not_after = OffsetDateTime::now_utc() + Duration::days(365);
        let key_pair = KeyPair::generate()?;
        let leaf = params.signed_by(&key_pair, &issuer)?;
        let until = params.not_after.unix_timestamp() * 1000;
        self.leaf_until.store(until, Ordering::Relaxed);
        Ok(Leaf {
            chain_pem: format!("{}{}", leaf.pem(), self.certificate_pem),
            key_pem: key_pair.serialize_pem(),
        })
    }
}

/// What the authority's certificate says. Its name and key are all that a leaf refers to.
fn authority_params() -> Result<CertificateParams, rcgen::Error> {
    let mut params = CertificateParams::new(vec![])?;
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params
        .distinguished_name
        .push(DnType::CommonName, "Skep authority");
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    // A sensor's clock may be behind when it first calls.
    params.not_before = OffsetDateTime::now_utc() - Duration::days(365);
    params.not_after = OffsetDateTime::now_utc() + Duration::days(3650);
    Ok(params)
}

/// The bytes between the lines of a PEM file with one block.
fn der(pem: &str) -> Vec<u8> {
    let body: String = pem
        .lines()
        .filter(|line| !line.starts_with("-----"))
        .map(str::trim)
        .collect();
    STANDARD.decode(body).unwrap_or_default()
}

fn read(path: &Path) -> Result<String, CertificateError> {
    fs::read_to_string(path).map_err(|error| CertificateError::File {
        path: path.to_owned(),
        error,
    })
}

/// Writes a file that only its owner reads, whole or not at all.
pub(crate) fn write(path: &Path, content: &[u8]) -> Result<(), CertificateError> {
    let failed = |error| CertificateError::File {
        path: path.to_owned(),
        error,
    };
    let new = path.with_extension("new");
    let mut file = fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&new)
        .map_err(failed)?;
    file.write_all(content)
        .and_then(|()| file.sync_all())
        .map_err(failed)?;
    fs::rename(&new, path).map_err(failed)
}
