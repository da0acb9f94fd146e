//! The enrolment token: one word that a person copies.

use std::{fmt, str::FromStr};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

/// How a sensor knows the server at their first contact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trust {
    /// The server's certificate was issued by the authority with this SHA-256 fingerprint (of its DER form).
    Authority([u8; 32]),
    /// By the public authorities, those that browsers trust: a proxy ends TLS before the server.
    WebPki,
}

/// A one-time, expiring permission to enrol as one sensor.
///
/// As text: `skep1.SECRET.FINGERPRINT`, both in unpadded URL-safe base64, or `skep1.SECRET.webpki`.
#[derive(Clone, PartialEq, Eq)]
pub struct EnrolmentToken {
    /// The secret, of which the server keeps a hash.
    pub secret: String,
    /// How to know the server.
    pub trust: Trust,
}

/// A token that cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this is not an enrolment token; copy the whole command from the console's Sensors page")]
pub struct BadToken;

impl fmt::Display for EnrolmentToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.trust {
            Trust::Authority(fingerprint) => write!(
                f,
                "skep1.{}.{}",
                self.secret,
                URL_SAFE_NO_PAD.encode(fingerprint)
            ),
            Trust::WebPki => write!(f, "skep1.{}.webpki", self.secret),
        }
    }
}

impl fmt::Debug for EnrolmentToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EnrolmentToken(secret)")
    }
}

impl FromStr for EnrolmentToken {
    type Err = BadToken;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut words = text.trim().split('.');
        let (Some("skep1"), Some(secret), Some(trust), None) =
            (words.next(), words.next(), words.next(), words.next())
        else {
            return Err(BadToken);
        };
        if secret.is_empty() || secret.len() > 128 {
            return Err(BadToken);
        }
        let trust = if trust == "webpki" {
            Trust::WebPki
        } else {
            let bytes = URL_SAFE_NO_PAD.decode(trust).map_err(|_| BadToken)?;
            Trust::Authority(bytes.try_into().map_err(|_| BadToken)?)
        };
        Ok(Self {
            secret: secret.to_owned(),
            trust,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_survives_being_written_and_read() {
        for trust in [Trust::Authority([7; 32]), Trust::WebPki] {
            let token = EnrolmentToken {
                secret: "s3cret".into(),
                trust,
            };
            assert_eq!(token.to_string().parse(), Ok(token));
        }
    }

    #[test]
    fn half_a_token_is_refused() {
        for text in [
            "",
            "skep1",
            "skep1.a",
            "skep1..webpki",
            "skep1.a.AAAA",
            "skep2.a.webpki",
            "skep1.a.webpki.b",
        ] {
            assert_eq!(text.parse::<EnrolmentToken>(), Err(BadToken), "{text}");
        }
    }
}
