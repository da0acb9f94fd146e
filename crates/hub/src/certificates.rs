//! The server's own certificate authority, and the certificate that it shows to sensors and browsers.

use std::{
    fs, io,
    io::Write as _,
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
    sync::{Arc, OnceLock, PoisonError, RwLock},
};

use base64::{Engine, engine::general_purpose::STANDARD};
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};
use sha2::{Digest, Sha256};
use skep_model::Timestamp;
use time::{Duration, OffsetDateTime};
use tokio::sync::watch;
use x509_parser::prelude::{FromDer, X509Certificate};

/// The authority's folder in the data folder, and its files there.
pub(crate) const FOLDER: &str = "tls";
pub(crate) const CERTIFICATE: &str = "ca.pem";
pub(crate) const KEY: &str = "ca.key";

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

/// The authority. Its key stays in the data folder, and stays the same: sensors that trust an older certificate of it
/// trust whatever it signs later.
#[derive(Debug)]
pub struct Authority {
    folder: PathBuf,
    key_pem: String,
    now: RwLock<Arc<Certificate>>,
    /// For which host names and addresses the server's certificate is.
    hosts: OnceLock<Vec<String>>,
    /// And for the one in the settings.
    named: RwLock<Option<String>>,
    leaves: watch::Sender<Option<Leaf>>,
}

/// The authority's certificate.
#[derive(Debug)]
pub struct Certificate {
    /// PEM.
    pub pem: String,
    /// SHA-256 of its DER form.
    pub fingerprint: [u8; 32],
    /// Until when it is good.
    pub until: Timestamp,
}

/// A certificate for the server and its key, PEM. The certificate is followed by the authority's.
#[derive(Clone, Debug)]
pub struct Leaf {
    /// The chain.
    pub chain_pem: String,
    /// The key.
    pub key_pem: String,
    /// Until when it is good.
    pub until: Timestamp,
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
        Ok(Self {
            folder: folder.to_owned(),
            key_pem: read(&key)?,
            now: RwLock::new(Arc::new(Certificate::read(read(&certificate)?)?)),
            hosts: OnceLock::new(),
            named: RwLock::default(),
            leaves: watch::Sender::new(None),
        })
    }

    /// The authority's certificate, as it is now.
    #[must_use]
    pub fn certificate(&self) -> Arc<Certificate> {
        Arc::clone(&self.now.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Certificates for these host names and addresses: one at once, and a new one whenever it is renewed. The first
    /// call decides for whom they are.
    pub fn leaves(
        &self,
        hosts: Vec<String>,
    ) -> Result<watch::Receiver<Option<Leaf>>, CertificateError> {
        self.hosts.get_or_init(|| hosts);
        self.issue()?;
        Ok(self.leaves.subscribe())
    }

    /// The server is called by this name, too.
    pub fn name(&self, host: Option<String>) -> Result<(), CertificateError> {
        let mut named = self.named.write().unwrap_or_else(PoisonError::into_inner);
        if *named == host {
            return Ok(());
        }
        *named = host;
        drop(named);
        self.issue()
    }

    /// Until when the server's certificate is good; `None` before there is one.
    #[must_use]
    pub fn leaf_until(&self) -> Option<Timestamp> {
        self.leaves.borrow().as_ref().map(|leaf| leaf.until)
    }

    /// Makes a new certificate of the authority for the same key, good for ten years, and one for the server.
    pub fn renew(&self) -> Result<(), CertificateError> {
        let made = authority_params()?.self_signed(&KeyPair::from_pem(&self.key_pem)?)?;
        write(&self.folder.join(CERTIFICATE), made.pem().as_bytes())?;
        let certificate = Arc::new(Certificate::read(made.pem())?);
        *self.now.write().unwrap_or_else(PoisonError::into_inner) = certificate;
        self.issue()
    }

    /// Makes a new certificate for the server, good for a year.
    pub fn issue(&self) -> Result<(), CertificateError> {
        let Some(hosts) = self.hosts.get() else {
            return Ok(());
        };
        let authority = authority_params()?;
        let issuer = Issuer::from_params(&authority, KeyPair::from_pem(&self.key_pem)?);
        let named = self.named.read().unwrap_or_else(PoisonError::into_inner);
        let mut hosts = hosts.clone();
        hosts.extend(
            named
                .iter()
                .filter(|name| !hosts.contains(name))
                .cloned()
                .collect::<Vec<_>>(),
        );
        drop(named);
        let mut params = CertificateParams::new(hosts)?;
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
        self.leaves.send_replace(Some(Leaf {
            chain_pem: format!("{}{}", leaf.pem(), self.certificate().pem),
            key_pem: key_pair.serialize_pem(),
            until: Timestamp(params.not_after.unix_timestamp() * 1000),
        }));
        Ok(())
    }
}

impl Certificate {
    fn read(pem: String) -> Result<Self, CertificateError> {
        let der = der(&pem);
        let until = X509Certificate::from_der(&der)
            .map(|(_, certificate)| certificate.validity().not_after.timestamp())
            .map_err(|_| rcgen::Error::CouldNotParseCertificate)?;
        Ok(Self {
            fingerprint: Sha256::digest(&der).into(),
            until: Timestamp(until * 1000),
            pem,
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
