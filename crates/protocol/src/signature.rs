//! How a sensor signs its requests: HTTP Message Signatures (RFC 9421) with Ed25519.
//!
//! A signature covers the method, the path and the SHA-256 of the body (`Content-Digest`, RFC 9530), with the time,
//! a nonce and the sensor's id as its parameters. The host is left out, because a sensor may reach the server by
//! another name than the server knows. Exactly this form is taken and no other that the RFC would allow: whatever
//! can be read is written anew and compared with what came, so that one claim has one spelling.

use base64::{Engine, engine::general_purpose::STANDARD};
use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};
use sha2::{Digest, Sha256};
use skep_model::{Timestamp, ids::SensorId};

/// How far the time of a signature may be from the server's, in seconds.
pub const MAX_SKEW_SECONDS: i64 = 60;

/// The name of the header that carries [`Headers::content_digest`].
pub const CONTENT_DIGEST: &str = "content-digest";
/// The name of the header that carries [`Headers::signature_input`].
pub const SIGNATURE_INPUT: &str = "signature-input";
/// The name of the header that carries [`Headers::signature`].
pub const SIGNATURE: &str = "signature";

const COVERED: &str = r#"("@method" "@path" "content-digest")"#;

/// The header fields of a signed request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Headers {
    /// `Content-Digest`.
    pub content_digest: String,
    /// `Signature-Input`.
    pub signature_input: String,
    /// `Signature`.
    pub signature: String,
}

/// Signs a request. Of `created`, whole seconds count; a `nonce` is used once.
#[must_use]
pub fn sign(
    key: &SigningKey,
    sensor: SensorId,
    method: &str,
    path: &str,
    body: &[u8],
    created: Timestamp,
    nonce: &[u8; 16],
) -> Headers {
    let parameters = parameters(sensor, created.0.div_euclid(1000), nonce);
    let content_digest = content_digest(&Sha256::digest(body).into());
    let signature = key.sign(base(method, path, &content_digest, &parameters).as_bytes());
    Headers {
        content_digest,
        signature_input: format!("sig1={parameters}"),
        signature: signature_field(&signature.to_bytes()),
    }
}

/// Who says to have sent a request, and when. Nothing of it is proven before [`Claim::verify`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// The sensor.
    pub sensor: SensorId,
    /// When it signed, in seconds since 1970, by its (corrected) clock.
    pub created: i64,
    /// A number that it uses once.
    pub nonce: [u8; 16],
    digest: [u8; 32],
    signature: [u8; 64],
}

/// A request that is not signed as it should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// A header field is missing a part or has another form than this module writes.
    #[error("the signature has a form that is not understood")]
    Form,
    /// The body is not the one whose digest was signed.
    #[error("the body does not match its digest")]
    Digest,
    /// The signature was not made by this key for this request.
    #[error("the signature is wrong")]
    Wrong,
}

impl Claim {
    /// Reads the three header fields of a request.
    pub fn parse(
        signature_input: &str,
        signature: &str,
        content_digest: &str,
    ) -> Result<Self, SignatureError> {
        Self::read(signature_input, signature, content_digest).ok_or(SignatureError::Form)
    }

    fn read(input: &str, signature: &str, digest: &str) -> Option<Self> {
        let rest = input
            .strip_prefix("sig1=")?
            .strip_prefix(COVERED)?
            .strip_prefix(";created=")?;
        let (created, rest) = rest.split_once(";nonce=\"")?;
        let (nonce, rest) = rest.split_once("\";keyid=\"")?;
        let sensor = rest.strip_suffix("\";alg=\"ed25519\"")?;
        let signature = signature.strip_prefix("sig1=:")?.strip_suffix(':')?;
        let content = digest.strip_prefix("sha-256=:")?.strip_suffix(':')?;
        let claim = Self {
            sensor: sensor.parse().ok()?,
            created: created.parse().ok()?,
            nonce: decode(nonce)?,
            digest: decode(content)?,
            signature: decode(signature)?,
        };
        let same = input.strip_prefix("sig1=") == Some(&claim.parameters())
            && digest == content_digest(&claim.digest);
        same.then_some(claim)
    }

    /// Proves that `key` signed this request. Whether it is fresh, the caller has to judge, by
    /// [`MAX_SKEW_SECONDS`] and by the nonces already seen.
    pub fn verify(
        &self,
        key: &VerifyingKey,
        method: &str,
        path: &str,
        body: &[u8],
    ) -> Result<(), SignatureError> {
        if Sha256::digest(body)[..] != self.digest {
            return Err(SignatureError::Digest);
        }
        let base = base(
            method,
            path,
            &content_digest(&self.digest),
            &self.parameters(),
        );
        key.verify_strict(base.as_bytes(), &Signature::from_bytes(&self.signature))
            .map_err(|_| SignatureError::Wrong)
    }

    fn parameters(&self) -> String {
        parameters(self.sensor, self.created, &self.nonce)
    }
}

/// What is signed: the signature base of RFC 9421, section 2.5.
fn base(method: &str, path: &str, content_digest: &str, parameters: &str) -> String {
    format!(
        "\"@method\": {method}\n\"@path\": {path}\n\"content-digest\": {content_digest}\n\"@signature-params\": {parameters}"
    )
}

fn parameters(sensor: SensorId, created: i64, nonce: &[u8; 16]) -> String {
    let nonce = STANDARD.encode(nonce);
    format!("{COVERED};created={created};nonce=\"{nonce}\";keyid=\"{sensor}\";alg=\"ed25519\"")
}

fn content_digest(digest: &[u8; 32]) -> String {
    format!("sha-256=:{}:", STANDARD.encode(digest))
}

fn signature_field(signature: &[u8; 64]) -> String {
    format!("sig1=:{}:", STANDARD.encode(signature))
}

fn decode<const N: usize>(text: &str) -> Option<[u8; N]> {
    STANDARD.decode(text).ok()?.try_into().ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may panic")]

    use super::*;
    use proptest::prelude::*;

    const SENSOR: &str = "0192f0c1-2d3e-7a4b-8c5d-6e7f8091a2b3";
    const PATH: &str = "/sensor/v1/events";

    fn signed(body: &[u8], created: i64, nonce: [u8; 16]) -> (SigningKey, Headers) {
        let key = SigningKey::from_bytes(&[7; 32]);
        let sensor = SENSOR.parse().unwrap();
        let headers = sign(
            &key,
            sensor,
            "POST",
            PATH,
            body,
            Timestamp(created * 1000 + 321),
            &nonce,
        );
        (key, headers)
    }

    fn parse(headers: &Headers) -> Result<Claim, SignatureError> {
        Claim::parse(
            &headers.signature_input,
            &headers.signature,
            &headers.content_digest,
        )
    }

    #[test]
    fn the_headers_have_the_form_of_the_rfcs() {
        let (_, headers) = signed(br#"{"hello": "world"}"#, 1_618_884_473, [0xab; 16]);
        // The digest is the example of RFC 9530, appendix B.
        assert_eq!(
            headers.content_digest,
            "sha-256=:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=:"
        );
        assert_eq!(
            headers.signature_input,
            "sig1=(\"@method\" \"@path\" \"content-digest\");created=1618884473;nonce=\"q6urq6urq6urq6urq6urqw==\";\
             keyid=\"0192f0c1-2d3e-7a4b-8c5d-6e7f8091a2b3\";alg=\"ed25519\""
        );
        assert_eq!(
            base(
                "POST",
                PATH,
                &headers.content_digest,
                headers.signature_input.strip_prefix("sig1=").unwrap()
            ),
            "\"@method\": POST\n\
             \"@path\": /sensor/v1/events\n\
             \"content-digest\": sha-256=:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=:\n\
             \"@signature-params\": (\"@method\" \"@path\" \"content-digest\");created=1618884473;\
             nonce=\"q6urq6urq6urq6urq6urqw==\";keyid=\"0192f0c1-2d3e-7a4b-8c5d-6e7f8091a2b3\";alg=\"ed25519\""
        );
        assert!(headers.signature.starts_with("sig1=:") && headers.signature.ends_with("==:"));
    }

    #[test]
    fn a_signed_request_is_believed_only_with_its_own_key_and_body() {
        let (key, headers) = signed(b"body", 1_700_000_000, [1; 16]);
        let claim = parse(&headers).unwrap();
        assert_eq!(
            (claim.sensor.to_string().as_str(), claim.created),
            (SENSOR, 1_700_000_000)
        );
        let public = key.verifying_key();
        assert_eq!(claim.verify(&public, "POST", PATH, b"body"), Ok(()));
        assert_eq!(
            claim.verify(&public, "POST", PATH, b"other"),
            Err(SignatureError::Digest)
        );
        let stranger = SigningKey::from_bytes(&[8; 32]).verifying_key();
        assert_eq!(
            claim.verify(&stranger, "POST", PATH, b"body"),
            Err(SignatureError::Wrong)
        );
    }

    #[test]
    fn other_spellings_of_a_good_signature_are_refused() {
        let (_, good) = signed(b"", 1_700_000_000, [1; 16]);
        let spellings: [fn(&str) -> String; 7] = [
            |input| input.replace("created=1", "created=+1"),
            |input| input.replace("created=1", "created=01"),
            |input| input.replace("sig1=", "sig2="),
            |input| input.replace("0192f0c1", "0192F0C1"),
            |input| format!("{input};tag=\"x\""),
            |input| input.replace(" \"content-digest\"", ""),
            |input| input.replace("ed25519", "hmac-sha256"),
        ];
        for spelling in spellings {
            let headers = Headers {
                signature_input: spelling(&good.signature_input),
                ..good.clone()
            };
            assert_ne!(headers.signature_input, good.signature_input);
            assert_eq!(
                parse(&headers),
                Err(SignatureError::Form),
                "{}",
                headers.signature_input
            );
        }
        let two = Headers {
            content_digest: format!("{0}, {0}", good.content_digest),
            ..good
        };
        assert_eq!(parse(&two), Err(SignatureError::Form));
    }

    proptest! {
        #[test]
        fn any_text_is_read_without_panic(input: String, signature: String, digest: String) {
            let _ = Claim::parse(&input, &signature, &digest);
            let _ = Claim::parse(&format!("sig1={COVERED};created={input}"), &format!("sig1=:{signature}:"), &digest);
        }

        #[test]
        fn a_changed_bit_anywhere_is_noticed(
            body in prop::collection::vec(any::<u8>(), 1..200),
            created in 0i64..4_000_000_000,
            nonce: [u8; 16],
            place: prop::sample::Index,
            bit in 0u8..7,
        ) {
            let (key, headers) = signed(&body, created, nonce);
            let key = key.verifying_key();
            let claim = parse(&headers).unwrap();
            prop_assert_eq!(claim.verify(&key, "POST", PATH, &body), Ok(()));

            let mut other = body.clone();
            other[place.index(body.len())] ^= 1 << bit;
            prop_assert_eq!(claim.verify(&key, "POST", PATH, &other), Err(SignatureError::Digest));
            for (method, path) in [(flip("POST", place, bit), PATH.to_owned()), ("POST".to_owned(), flip(PATH, place, bit))] {
                prop_assert_eq!(claim.verify(&key, &method, &path, &body), Err(SignatureError::Wrong));
            }
            for changed in [
                Claim { created: created ^ (1 << bit), ..claim.clone() },
                Claim { nonce: { let mut nonce = nonce; nonce[place.index(16)] ^= 1 << bit; nonce }, ..claim.clone() },
                Claim { signature: { let mut s = claim.signature; s[place.index(64)] ^= 1 << bit; s }, ..claim.clone() },
            ] {
                prop_assert_eq!(changed.verify(&key, "POST", PATH, &body), Err(SignatureError::Wrong));
            }
        }
    }

    /// The text with one of the seven bits of one of its ASCII characters changed.
    fn flip(text: &str, place: prop::sample::Index, bit: u8) -> String {
        let mut bytes = text.as_bytes().to_vec();
        bytes[place.index(text.len())] ^= 1 << bit;
        String::from_utf8(bytes).unwrap()
    }
}
