//! A sensor without honeypots: enrols, signs, and sends what it is given.

use std::time::Duration;

use ed25519_dalek::SigningKey;
use reqwest::{Client, Response, StatusCode, Url, header};
use serde::de::DeserializeOwned;
use skep_model::{
    Bytes, Timestamp,
    ids::{Epoch, SensorId},
};
use skep_protocol::{
    message::{EnrolAnswer, EnrolRequest, PollAnswer, PollRequest, SensorStatus},
    part::{Accepted, Batch, Envelope, Part},
    signature,
    token::EnrolmentToken,
};

use crate::{Result, attacks::Targets};

/// An enrolled sensor.
#[derive(Debug)]
pub struct Sensor {
    http: Client,
    server: Url,
    id: SensorId,
    key: SigningKey,
    epoch: Epoch,
    next: u64,
}

/// What came of a batch.
#[derive(Clone, Copy, Debug)]
pub struct Delivered {
    /// The server's acknowledgement.
    pub accepted: Accepted,
    /// How many times the server was too busy before.
    pub busy: u32,
}

impl Sensor {
    /// Enrols at a server's plain listener on this machine.
    pub async fn enrol(server: &Url, token: &EnrolmentToken) -> Result<Self> {
        if server.scheme() != "http" || !is_loopback(server) {
            return Err(format!(
                "{server} is not a plain listener of this machine, http://127.0.0.1:PORT"
            )
            .into());
        }
        // Built together with the server's tests, the client expects one, although it speaks plain HTTP here.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = Client::builder().no_proxy().build()?;
        let key = SigningKey::from_bytes(&random()?);
        let request = EnrolRequest {
            secret: token.secret.clone(),
            public_key: Bytes(key.verifying_key().to_bytes().to_vec()),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            architecture: std::env::consts::ARCH.to_owned(),
        };
        let request = http.post(server.join("/sensor/v1/enrol")?).json(&request);
        let answer: EnrolAnswer = read(request.send().await?).await?;
        Ok(Self {
            http,
            server: server.clone(),
            id: answer.sensor,
            key,
            epoch: Epoch::new(),
            next: 1,
        })
    }

    /// Asks the server what this sensor runs.
    pub async fn targets(&self) -> Result<Targets> {
        let request = PollRequest {
            active_revision: None,
            status: SensorStatus::default(),
            at_once: true,
        };
        let answer = self.post("/sensor/v1/poll", &serde_json::to_vec(&request)?);
        let answer: PollAnswer = read(answer?.send().await?).await?;
        let instances = answer
            .configuration
            .map(|c| c.instances)
            .unwrap_or_default();
        let find = |service: &str| {
            instances
                .iter()
                .find(|instance| instance.service.as_str() == service)
                .cloned()
                .ok_or_else(|| format!("the server gives this sensor no {service}"))
        };
        Ok(Targets {
            ssh: find("ssh")?,
            catch_all: find("catch-all")?,
        })
    }

    /// Gives parts their places, and encodes them as the body of one request.
    pub fn encode(&mut self, parts: &[Part]) -> Result<Vec<u8>> {
        let mut batch = Batch {
            epoch: self.epoch,
            parts: Vec::with_capacity(parts.len()),
        };
        for part in parts {
            let part = serde_json::value::to_raw_value(part)?;
            batch.parts.push(Envelope {
                seq: self.next,
                part,
            });
            self.next += 1;
        }
        Ok(serde_json::to_vec(&batch)?)
    }

    /// Sends a batch until the server has it. A part in quarantine is an error: none was meant to go there.
    pub async fn send(&self, body: &[u8]) -> Result<Delivered> {
        let mut busy = 0;
        loop {
            let answer = self.post("/sensor/v1/events", body)?.send().await?;
            if answer.status() != StatusCode::TOO_MANY_REQUESTS {
                let accepted: Accepted = read(answer).await?;
                if accepted.quarantined > 0 {
                    return Err(format!("{} parts went to quarantine", accepted.quarantined).into());
                }
                return Ok(Delivered { accepted, busy });
            }
            busy += 1;
            let seconds = answer
                .headers()
                .get(header::RETRY_AFTER)
                .and_then(|value| value.to_str().ok()?.parse().ok())
                .unwrap_or(1);
            tokio::time::sleep(Duration::from_secs(seconds)).await;
        }
    }

    fn post(&self, path: &str, body: &[u8]) -> Result<reqwest::RequestBuilder> {
        let nonce = random()?;
        let now = Timestamp::now();
        let signed = signature::sign(&self.key, self.id, "POST", path, body, now, &nonce);
        Ok(self
            .http
            .post(self.server.join(path)?)
            .header(header::CONTENT_TYPE, "application/json")
            .header(signature::CONTENT_DIGEST, signed.content_digest)
            .header(signature::SIGNATURE_INPUT, signed.signature_input)
            .header(signature::SIGNATURE, signed.signature)
            .body(body.to_vec()))
    }
}

/// What an answer holds, or the refusal that it is.
async fn read<T: DeserializeOwned>(answer: Response) -> Result<T> {
    let status = answer.status();
    let text = answer.text().await?;
    if status != StatusCode::OK {
        return Err(format!("the server refuses ({status}): {text}").into());
    }
    Ok(serde_json::from_str(&text)?)
}

fn random<const N: usize>() -> Result<[u8; N]> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes)?;
    Ok(bytes)
}

fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let host = host.trim_matches(['[', ']']);
    host == "localhost"
        || host
            .parse()
            .is_ok_and(|ip: std::net::IpAddr| ip.is_loopback())
}
