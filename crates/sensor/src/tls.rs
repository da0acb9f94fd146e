//! How a sensor knows that it talks to its server.

use std::{sync::Arc, time::Duration};

use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme,
    client::{
        WebPkiServerVerifier,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    },
    crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature},
    pki_types::{CertificateDer, ServerName, UnixTime, pem::PemObject},
    time_provider::TimeProvider,
};
use sha2::{Digest, Sha256};
use skep_honeypots::record::Clock;

/// Whose word on a certificate counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Anchors {
    /// The authority with this SHA-256 fingerprint, which the server presents: only at enrolment.
    Fingerprint([u8; 32]),
    /// These authorities, PEM, and no other.
    Authorities(Vec<String>),
    /// The public authorities.
    WebPki,
}

/// Whether the time in certificates counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Validity {
    /// Certificates must be valid now.
    Now,
    /// A certificate may be valid at some other time: only to ask what time it is.
    AnyTime,
}

/// Authorities, or settings made of them, that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no TLS connections can be made with these authorities: {0}")]
pub struct TlsError(String);

impl TlsError {
    #[expect(
        clippy::needless_pass_by_value,
        reason = "it is what `map_err` hands over"
    )]
    pub(crate) fn new(error: impl ToString) -> Self {
        Self(error.to_string())
    }
}

/// The TLS settings of a client that trusts `anchors`.
pub fn config(
    anchors: &Anchors,
    validity: Validity,
    clock: &Clock,
) -> Result<ClientConfig, TlsError> {
    let provider = Arc::new(ring::default_provider());
    let anchored: Arc<dyn ServerCertVerifier> = match anchors {
        Anchors::Fingerprint(fingerprint) => Arc::new(Fingerprint {
            fingerprint: *fingerprint,
            provider: provider.clone(),
        }),
        Anchors::Authorities(authorities) => {
            verifier(read(authorities)?, provider.clone()).map_err(TlsError::new)?
        }
        Anchors::WebPki => {
            let roots = webpki_roots::TLS_SERVER_ROOTS.iter().cloned().collect();
            verifier(roots, provider.clone()).map_err(TlsError::new)?
        }
    };
    let verifier: Arc<dyn ServerCertVerifier> = match validity {
        Validity::Now => anchored,
        Validity::AnyTime => Arc::new(AnyTime(anchored)),
    };
    let time = Arc::new(CorrectedTime(clock.clone()));
    Ok(ClientConfig::builder_with_details(provider, time)
        .with_safe_default_protocol_versions()
        .map_err(TlsError::new)?
        .dangerous()
        .with_custom_certificate_verifier(verifier)
        .with_no_client_auth())
}

fn read(authorities: &[String]) -> Result<RootCertStore, TlsError> {
    let mut roots = RootCertStore::empty();
    for authority in authorities {
        for certificate in CertificateDer::pem_slice_iter(authority.as_bytes()) {
            let certificate = certificate.map_err(TlsError::new)?;
            roots.add(certificate).map_err(TlsError::new)?;
        }
    }
    Ok(roots)
}

fn verifier(
    roots: RootCertStore,
    provider: Arc<CryptoProvider>,
) -> Result<Arc<WebPkiServerVerifier>, rustls::client::VerifierBuilderError> {
    WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider).build()
}

/// The time by which certificates are judged: the corrected one.
#[derive(Debug)]
struct CorrectedTime(Clock);

impl TimeProvider for CorrectedTime {
    fn current_time(&self) -> Option<UnixTime> {
        let now = u64::try_from(self.0.now().0).ok()?;
        Some(UnixTime::since_unix_epoch(Duration::from_millis(now)))
    }
}

/// Trusts what was issued by the one authority with a fingerprint, if the server presents that authority too.
#[derive(Debug)]
struct Fingerprint {
    fingerprint: [u8; 32],
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for Fingerprint {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let authority = intermediates
            .iter()
            .find(|presented| Sha256::digest(presented)[..] == self.fingerprint)
            .ok_or(CertificateError::UnknownIssuer)?;
        let mut roots = RootCertStore::empty();
        roots.add(authority.clone().into_owned())?;
        verifier(roots, self.provider.clone())
            .map_err(|_| CertificateError::UnknownIssuer)?
            .verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, cert, dss, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, cert, dss, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider
            .signature_verification_algorithms
            .supported_schemes()
    }
}

/// Judges certificates at a time at which they are valid, and everything else about them as ever.
#[derive(Debug)]
struct AnyTime(Arc<dyn ServerCertVerifier>);

impl ServerCertVerifier for AnyTime {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        mut now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        // Leaf and authority each may move the time once.
        for _ in 0..2 {
            let verified = self.0.verify_server_cert(
                end_entity,
                intermediates,
                server_name,
                ocsp_response,
                now,
            );
            now = match verified {
                Err(Error::InvalidCertificate(CertificateError::NotValidYetContext {
                    not_before,
                    ..
                })) => not_before,
                Err(Error::InvalidCertificate(CertificateError::ExpiredContext {
                    not_after,
                    ..
                })) => not_after,
                verified => return verified,
            };
        }
        self.0
            .verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.0.verify_tls12_signature(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.0.verify_tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.supported_verify_schemes()
    }
}
