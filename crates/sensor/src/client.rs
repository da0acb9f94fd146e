//! Requests to the server: signed, over TLS that trusts this server only.

use std::{
    error::Error,
    io,
    sync::{
        PoisonError, RwLock,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use ed25519_dalek::SigningKey;
use futures::{Stream, stream};
use reqwest::{Method, RequestBuilder, Response, StatusCode, header};
use rustls::CertificateError;
use serde::{Serialize, de::DeserializeOwned};
use skep_model::{ids::SensorId, raw};
use skep_protocol::{message::Problem, signature};
use tokio::time::timeout;
use url::Url;

use crate::{
    clock::ServerClock,
    tls::{self, Anchors, TlsError, Validity},
};

/// How long a connection may take to be made.
const CONNECT: Duration = Duration::from_secs(10);

/// How long the server may take to begin an answer that comes in pieces.
const BEGIN: Duration = Duration::from_secs(30);

/// The longest answer that is read as a whole, in bytes.
const ANSWER: usize = 4 * 1024 * 1024;

/// A client of one server.
#[derive(Debug)]
pub struct Client {
    server: Url,
    clock: ServerClock,
    signer: Option<Signer>,
    connection: RwLock<Connection>,
    /// How long the last delivery took, in milliseconds; 0: none was made yet.
    round_trip: AtomicU32,
}

#[derive(Clone, Debug)]
struct Connection {
    anchors: Anchors,
    http: reqwest::Client,
}

/// Who signs.
#[derive(Debug)]
pub struct Signer {
    /// The sensor.
    pub sensor: SensorId,
    /// Its key.
    pub key: SigningKey,
}

/// A request that did not get what it asked for.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// No answer.
    #[error("the server cannot be reached: {0}")]
    Unreachable(String),
    /// Whoever answered is not the server.
    #[error("whoever answers at this address is not the server that this sensor trusts: {0}")]
    Untrusted(CertificateError),
    /// The server said no.
    #[error("the server refuses: {} ({})", raw::visible(problem.title.as_bytes()), problem.status)]
    Refused {
        /// Why.
        problem: Problem,
        /// After which time to come again.
        retry_after: Option<Duration>,
    },
    /// The server said something else than it should.
    #[error("the server's answer cannot be understood: {0}")]
    Garbled(String),
}

impl CallError {
    /// The word for the kind of refusal; empty when it is none.
    #[must_use]
    pub fn kind(&self) -> &str {
        match self {
            Self::Refused { problem, .. } => &problem.kind,
            _ => "",
        }
    }

    /// Whether the certificate would be good at another time.
    fn is_about_time(&self) -> bool {
        matches!(
            self,
            Self::Untrusted(
                CertificateError::Expired
                    | CertificateError::ExpiredContext { .. }
                    | CertificateError::NotValidYet
                    | CertificateError::NotValidYetContext { .. }
            )
        )
    }
}

impl Client {
    /// A client that connects when it is first needed.
    pub fn new(
        server: Url,
        anchors: Anchors,
        signer: Option<Signer>,
        clock: ServerClock,
    ) -> Result<Self, TlsError> {
        let http = connect(&anchors, Validity::Now, &clock)?;
        Ok(Self {
            server,
            clock,
            signer,
            connection: RwLock::new(Connection { anchors, http }),
            round_trip: AtomicU32::new(0),
        })
    }

    /// How long the last request that was not held took, in milliseconds.
    #[must_use]
    pub fn round_trip(&self) -> Option<u32> {
        match self.round_trip.load(Ordering::Relaxed) {
            0 => None,
            millis => Some(millis),
        }
    }

    /// Notes how long a request took that the server answered at once.
    pub fn note_round_trip(&self, took: Duration) {
        let millis = u32::try_from(took.as_millis()).unwrap_or(u32::MAX).max(1);
        self.round_trip.store(millis, Ordering::Relaxed);
    }

    /// The clock that is set by the server's answers.
    #[must_use]
    pub fn clock(&self) -> &ServerClock {
        &self.clock
    }

    /// Gives the clock back.
    #[must_use]
    pub fn into_clock(self) -> ServerClock {
        self.clock
    }

    /// Trusts other authorities from now on.
    pub fn trust(&self, anchors: Anchors) -> Result<(), TlsError> {
        let http = connect(&anchors, Validity::Now, &self.clock)?;
        *self
            .connection
            .write()
            .unwrap_or_else(PoisonError::into_inner) = Connection { anchors, http };
        Ok(())
    }

    /// Posts `body` to `path`, and returns the answer. When the server or its certificate shows that this machine's
    /// clock is wrong, the clock is set and the request made once more.
    pub async fn post<Q: Serialize + ?Sized, A: DeserializeOwned>(
        &self,
        path: &str,
        body: &Q,
        patience: Duration,
    ) -> Result<A, CallError> {
        let body =
            serde_json::to_vec(body).map_err(|error| CallError::Garbled(error.to_string()))?;
        match self.post_once(path, &body, patience).await {
            Err(error) if self.has_put_the_clock_right(&error).await => {
                self.post_once(path, &body, patience).await
            }
            answer => answer,
        }
    }

    async fn post_once<A: DeserializeOwned>(
        &self,
        path: &str,
        body: &[u8],
        patience: Duration,
    ) -> Result<A, CallError> {
        let request = self
            .request(&Method::POST, path, body)?
            .timeout(patience)
            .header(header::CONTENT_TYPE, "application/json")
            .body(body.to_vec());
        let mut answer = self.send(request).await?;
        let content = read(&mut answer).await?;
        serde_json::from_slice(&content).map_err(|error| CallError::Garbled(error.to_string()))
    }

    /// Gets what is at `path`, piece by piece: the answer has begun when this returns. How long it may take, and how
    /// long it may be, is for the caller to bound. As for `post`, a wrong clock is set.
    pub async fn get(
        &self,
        path: &str,
    ) -> Result<impl Stream<Item = Result<Bytes, CallError>> + Send + use<>, CallError> {
        let answer = match self.get_once(path).await {
            Err(error) if self.has_put_the_clock_right(&error).await => self.get_once(path).await,
            answer => answer,
        };
        Ok(stream::try_unfold(answer?, |mut answer| async move {
            let piece = answer.chunk().await.map_err(|e| explain(&e))?;
            Ok(piece.map(|piece| (piece, answer)))
        }))
    }

    async fn get_once(&self, path: &str) -> Result<Response, CallError> {
        let request = self.request(&Method::GET, path, &[])?;
        timeout(BEGIN, self.send(request))
            .await
            .unwrap_or_else(|_| {
                let problem = format!("no answer within {} s", BEGIN.as_secs());
                Err(CallError::Unreachable(problem))
            })
    }

    /// Whether a request failed because this machine's clock was wrong, and it is set now.
    async fn has_put_the_clock_right(&self, error: &CallError) -> bool {
        error.kind() == "clock" || (error.is_about_time() && self.ask_for_the_time().await)
    }

    /// A request, signed if there is who signs. Its body is not in it yet.
    fn request(
        &self,
        method: &Method,
        path: &str,
        body: &[u8],
    ) -> Result<RequestBuilder, CallError> {
        let request = self
            .connection()
            .http
            .request(method.clone(), self.url(path));
        let Some(Signer { sensor, key }) = &self.signer else {
            return Ok(request);
        };
        let mut nonce = [0; 16];
        getrandom::fill(&mut nonce).map_err(|error| CallError::Unreachable(error.to_string()))?;
        let now = self.clock.clock().now();
        let signed = signature::sign(key, *sensor, method.as_str(), path, body, now, &nonce);
        Ok(request
            .header(signature::CONTENT_DIGEST, signed.content_digest)
            .header(signature::SIGNATURE_INPUT, signed.signature_input)
            .header(signature::SIGNATURE, signed.signature))
    }

    /// Returns the answer, of which nothing is read yet, if the server does as it is asked.
    async fn send(&self, request: RequestBuilder) -> Result<Response, CallError> {
        let mut answer = request.send().await.map_err(|e| explain(&e))?;
        let refusal = if answer.status() == StatusCode::OK {
            None
        } else {
            let content = read(&mut answer).await?;
            Some(refusal(&answer, &content))
        };
        if let Some(date) = date(&answer) {
            let refused = refusal
                .as_ref()
                .is_some_and(|error| error.kind() == "clock");
            self.clock.heard(date, refused);
        }
        refusal.map_or(Ok(answer), Err)
    }

    /// Asks the server what time it is, and says whether it told. Its certificate must be good but for its time;
    /// this is the one thing that such a certificate is believed for. (Whoever has stolen the key of an expired
    /// certificate could set a sensor's clock back and be trusted until the next true answer; without this, a
    /// machine that starts in the wrong year could never be put right.)
    async fn ask_for_the_time(&self) -> bool {
        let anchors = self.connection().anchors;
        let Ok(http) = connect(&anchors, Validity::AnyTime, &self.clock) else {
            return false;
        };
        let asked = http
            .head(self.url("/"))
            .timeout(CONNECT + CONNECT)
            .send()
            .await;
        let Ok(answer) = asked.inspect_err(|error| tracing::debug!("no time from HEAD /: {error}"))
        else {
            return false;
        };
        let Some(date) = date(&answer) else {
            return false;
        };
        self.clock.heard(date, true);
        true
    }

    fn url(&self, path: &str) -> Url {
        let mut url = self.server.clone();
        url.set_path(path);
        url
    }

    fn connection(&self) -> Connection {
        self.connection
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

fn connect(
    anchors: &Anchors,
    validity: Validity,
    clock: &ServerClock,
) -> Result<reqwest::Client, TlsError> {
    let tls = tls::config(anchors, validity, clock.clock())?;
    reqwest::Client::builder()
        .tls_backend_preconfigured(tls)
        .connect_timeout(CONNECT)
        .tcp_keepalive(Duration::from_secs(30))
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .user_agent(concat!("skep-sensor/", env!("CARGO_PKG_VERSION")))
        .build()
        .map_err(TlsError::new)
}

/// Reads the whole of an answer.
async fn read(answer: &mut Response) -> Result<Vec<u8>, CallError> {
    let mut content = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(|e| explain(&e))? {
        if content.len() + chunk.len() > ANSWER {
            return Err(CallError::Garbled("it is too long".to_owned()));
        }
        content.extend_from_slice(&chunk);
    }
    Ok(content)
}

fn date(answer: &Response) -> Option<&str> {
    answer.headers().get(header::DATE)?.to_str().ok()
}

fn refusal(answer: &Response, content: &[u8]) -> CallError {
    let status = answer.status();
    let retry_after = answer
        .headers()
        .get(header::RETRY_AFTER)
        .and_then(|value| value.to_str().ok()?.parse().ok())
        .map(Duration::from_secs);
    // A proxy in between refuses in words of its own.
    let problem = serde_json::from_slice(content).unwrap_or_else(|_| Problem {
        kind: String::new(),
        title: status.canonical_reason().unwrap_or("no reason").to_owned(),
        status: status.as_u16(),
        detail: None,
    });
    CallError::Refused {
        problem: Problem {
            status: status.as_u16(),
            ..problem
        },
        retry_after,
    }
}

/// Finds what lies behind an error of the HTTP client.
fn explain(error: &reqwest::Error) -> CallError {
    let mut cause: &(dyn Error + 'static) = error;
    loop {
        let inner = cause
            .downcast_ref::<io::Error>()
            .and_then(io::Error::get_ref)
            .map(|inner| inner as &(dyn Error + 'static));
        if let Some(rustls::Error::InvalidCertificate(error)) =
            inner.unwrap_or(cause).downcast_ref()
        {
            return CallError::Untrusted(error.clone());
        }
        match inner.or_else(|| cause.source()) {
            Some(next) => cause = next,
            None => return CallError::Unreachable(raw::visible(cause.to_string().as_bytes())),
        }
    }
}
