//! A server as far as a sensor sees one: TLS by an authority of its own, signatures checked, parts kept by epoch and
//! place. What it does to a batch can be told beforehand.

use std::{
    collections::{HashMap, HashSet, VecDeque},
    net::TcpListener,
    sync::{Arc, Mutex, MutexGuard},
    time::{Duration, SystemTime},
};

use axum::{
    Json, Router,
    body::{Body, Bytes},
    extract::{Request, State},
    http::{HeaderMap, HeaderValue, StatusCode, Uri, header},
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::{any, get, post},
};
use axum_server::tls_rustls::RustlsConfig;
use ed25519_dalek::VerifyingKey;
use futures::StreamExt;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair, KeyUsagePurpose};
use rustls::pki_types::PrivateKeyDer;
use sha2::{Digest, Sha256};
use skep_model::ids::{Epoch, InstanceId, SensorId};
use skep_protocol::{
    message::{
        BLOBS, Configuration, EnrolAnswer, EnrolRequest, LOG, LogReport, PollAnswer, PollRequest,
        Problem, SensorStatus,
    },
    part::{Accepted, Batch, Part},
    signature::{self, Claim},
    token::{EnrolmentToken, Trust},
};
use tokio::sync::Notify;

/// The secret of the one good token.
pub const SECRET: &str = "once";

/// What to do with a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    /// Keep it, and cut the connection instead of answering.
    LoseAnswer,
    /// Answer 429 with `Retry-After: 1`.
    Busy,
    /// Answer 500.
    Fail,
}

/// What the server knows and what it was told to do.
pub struct Known {
    pub sensor: SensorId,
    pub key: Option<VerifyingKey>,
    pub configuration: Option<Configuration>,
    pub status: Option<(Option<u64>, SensorStatus)>,
    pub epoch: Option<Epoch>,
    pub parts: Vec<(u64, Part)>,
    /// Places of the batches that came, kept or not.
    pub batches: Vec<Vec<u64>>,
    pub acts: VecDeque<Act>,
    /// Parts with these places are refused with 400.
    pub poison: HashSet<u64>,
    pub revoked: bool,
    /// What is handed out, by digest, and how long each piece of it waits.
    pub blobs: HashMap<String, Bytes>,
    pub pause: Duration,
    /// How many blobs were asked for.
    pub fetched: usize,
    /// The instances whose log the next answered poll asks for.
    pub asked: Vec<InstanceId>,
    /// What came of it.
    pub logs: Vec<LogReport>,
    nonces: HashSet<[u8; 16]>,
}

pub struct Server {
    pub url: String,
    pub token: EnrolmentToken,
    port: u16,
    tls: RustlsConfig,
    handle: axum_server::Handle<std::net::SocketAddr>,
    shared: Arc<Shared>,
}

struct Shared {
    known: Mutex<Known>,
    changed: Notify,
    /// How far the server's time is ahead of this machine's.
    ahead: Duration,
    authority: String,
}

impl Server {
    pub fn start() -> Self {
        Self::start_ahead(Duration::ZERO)
    }

    /// A server whose clock is ahead, with a certificate that is valid only by that clock.
    pub fn start_ahead(ahead: Duration) -> Self {
        let (config, authority, fingerprint) = certificates(ahead);
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let known = Known {
            sensor: SensorId::new(),
            key: None,
            configuration: None,
            status: None,
            epoch: None,
            parts: Vec::new(),
            batches: Vec::new(),
            acts: VecDeque::new(),
            poison: HashSet::new(),
            revoked: false,
            blobs: HashMap::new(),
            pause: Duration::ZERO,
            fetched: 0,
            asked: Vec::new(),
            logs: Vec::new(),
            nonces: HashSet::new(),
        };
        let mut server = Self {
            url: format!("https://localhost:{port}"),
            token: EnrolmentToken {
                secret: SECRET.to_owned(),
                trust: Trust::Authority(fingerprint),
            },
            port,
            tls: RustlsConfig::from_config(Arc::new(config)),
            handle: axum_server::Handle::new(),
            shared: Arc::new(Shared {
                known: Mutex::new(known),
                changed: Notify::new(),
                ahead,
                authority,
            }),
        };
        server.listen(listener);
        server
    }

    fn listen(&mut self, listener: TcpListener) {
        listener.set_nonblocking(true).unwrap();
        self.handle = axum_server::Handle::new();
        let router = Router::new()
            .route("/sensor/v1/enrol", post(enrol))
            .route("/sensor/v1/poll", post(poll))
            .route("/sensor/v1/events", post(events))
            .route("/sensor/v1/blobs/{digest}", get(blob))
            .route(LOG, post(log))
            .route("/", any(|| async {}))
            .layer(axum::extract::DefaultBodyLimit::max(16 * 1024 * 1024))
            .layer(middleware::from_fn_with_state(self.shared.clone(), dated))
            .with_state(self.shared.clone());
        let serving = axum_server::from_tcp_rustls(listener, self.tls.clone())
            .unwrap()
            .handle(self.handle.clone())
            .serve(router.into_make_service());
        tokio::spawn(serving);
    }

    /// Stops listening and cuts all connections.
    pub async fn go_away(&self) {
        self.handle.shutdown();
        while std::net::TcpStream::connect(("127.0.0.1", self.port)).is_ok() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// Listens again, with what it knew.
    pub async fn come_back(&mut self) {
        let listener = loop {
            match TcpListener::bind(("127.0.0.1", self.port)) {
                Ok(listener) => break listener,
                Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
            }
        };
        self.listen(listener);
    }

    pub fn known(&self) -> MutexGuard<'_, Known> {
        self.shared.known.lock().unwrap()
    }

    pub fn configure(&self, configuration: Configuration) {
        self.known().configuration = Some(configuration);
        self.shared.changed.notify_waiters();
    }

    /// Waits until the server knows something, for at most half a minute.
    pub async fn wait<T>(&self, what: &str, mut find: impl FnMut(&Known) -> Option<T>) -> T {
        for _ in 0..3000 {
            if let Some(found) = find(&self.known()) {
                return found;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        let known = self.known();
        panic!(
            "never came: {what}; batches {:?}, status {:?}",
            known.batches, known.status
        );
    }
}

fn certificates(ahead: Duration) -> (rustls::ServerConfig, String, [u8; 32]) {
    let begin = SystemTime::now() + ahead - Duration::from_mins(10);
    let mut authority = CertificateParams::default();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    authority.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    authority.not_before = begin.into();
    let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate().unwrap()).unwrap();
    let mut leaf = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    leaf.not_before = begin.into();
    let key = KeyPair::generate().unwrap();
    let leaf = leaf.signed_by(&key, &authority).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(
            vec![leaf.der().clone(), authority.der().clone()],
            PrivateKeyDer::Pkcs8(key.serialize_der().into()),
        )
        .unwrap();
    let fingerprint = Sha256::digest(authority.der()).into();
    (config, authority.pem(), fingerprint)
}

/// Sets the date by the server's clock.
async fn dated(State(shared): State<Arc<Shared>>, request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let date = httpdate::fmt_http_date(SystemTime::now() + shared.ahead);
    response
        .headers_mut()
        .insert(header::DATE, HeaderValue::from_str(&date).unwrap());
    response
}

fn problem(status: u16, kind: &str) -> Response {
    let problem = Problem {
        kind: kind.to_owned(),
        title: format!("{kind}, says the server"),
        status,
        detail: None,
    };
    let status = StatusCode::from_u16(status).unwrap();
    (status, [(header::RETRY_AFTER, "1")], Json(problem)).into_response()
}

async fn enrol(State(shared): State<Arc<Shared>>, Json(request): Json<EnrolRequest>) -> Response {
    let mut known = shared.known.lock().unwrap();
    if request.secret != SECRET || known.key.is_some() {
        return problem(401, "token");
    }
    let key: [u8; 32] = request.public_key.0.try_into().unwrap();
    known.key = Some(VerifyingKey::from_bytes(&key).unwrap());
    Json(EnrolAnswer {
        sensor: known.sensor,
        name: "attic".to_owned(),
        authorities: vec![shared.authority.clone()],
    })
    .into_response()
}

impl Shared {
    /// Checks who sent a request.
    #[expect(
        clippy::result_large_err,
        reason = "a refusal is returned once, at the end of the request"
    )]
    fn check(
        &self,
        headers: &HeaderMap,
        (method, path): (&str, &str),
        body: &[u8],
    ) -> Result<(), Response> {
        let field = |name: &str| {
            headers
                .get(name)
                .and_then(|value| value.to_str().ok())
                .unwrap_or("")
        };
        let claim = Claim::parse(
            field(signature::SIGNATURE_INPUT),
            field(signature::SIGNATURE),
            field(signature::CONTENT_DIGEST),
        )
        .map_err(|_| problem(401, "signature"))?;
        let now = SystemTime::now() + self.ahead;
        let now = now
            .duration_since(SystemTime::UNIX_EPOCH)
            .unwrap()
            .as_secs() as i64;
        if (claim.created - now).abs() > signature::MAX_SKEW_SECONDS {
            return Err(problem(401, "clock"));
        }
        let mut known = self.known.lock().unwrap();
        let key = known.key.filter(|_| claim.sensor == known.sensor);
        let key = key.ok_or_else(|| problem(401, "unknown-sensor"))?;
        claim
            .verify(&key, method, path, body)
            .map_err(|_| problem(401, "signature"))?;
        if known.revoked {
            return Err(problem(403, "revoked"));
        }
        if !known.nonces.insert(claim.nonce) {
            return Err(problem(401, "replay"));
        }
        Ok(())
    }
}

async fn poll(State(shared): State<Arc<Shared>>, headers: HeaderMap, body: Bytes) -> Response {
    if let Err(refusal) = shared.check(&headers, ("POST", "/sensor/v1/poll"), &body) {
        return refusal;
    }
    let request: PollRequest = serde_json::from_slice(&body).unwrap();
    let desired = || {
        let known = shared.known.lock().unwrap();
        let configuration = known.configuration.clone();
        configuration.filter(|desired| Some(desired.revision) != request.active_revision)
    };
    let changed = shared.changed.notified();
    shared.known.lock().unwrap().status = Some((request.active_revision, request.status.clone()));
    let mut configuration = desired();
    let asked = !shared.known.lock().unwrap().asked.is_empty();
    if configuration.is_none() && !request.at_once && !asked {
        let _ = tokio::time::timeout(Duration::from_secs(50), changed).await;
        configuration = desired();
    }
    Json(PollAnswer {
        configuration,
        authorities: vec![shared.authority.clone()],
        logs: std::mem::take(&mut shared.known.lock().unwrap().asked),
    })
    .into_response()
}

async fn events(State(shared): State<Arc<Shared>>, headers: HeaderMap, body: Bytes) -> Response {
    if let Err(refusal) = shared.check(&headers, ("POST", "/sensor/v1/events"), &body) {
        return refusal;
    }
    let batch: Batch = serde_json::from_slice(&body).unwrap();
    let mut known = shared.known.lock().unwrap();
    let places: Vec<u64> = batch.parts.iter().map(|part| part.seq).collect();
    known.batches.push(places.clone());
    if places.iter().any(|seq| known.poison.contains(seq)) {
        return problem(400, "bad-request");
    }
    let act = known.acts.pop_front();
    match act {
        Some(Act::Busy) => return problem(429, "too-busy"),
        Some(Act::Fail) => return problem(500, "internal"),
        Some(Act::LoseAnswer) | None => {}
    }
    if known.epoch != Some(batch.epoch) {
        known.epoch = Some(batch.epoch);
    }
    for envelope in batch.parts {
        let newest = known.parts.last().map_or(0, |(seq, _)| *seq);
        if envelope.seq > newest {
            let part = serde_json::from_str(envelope.part.get()).unwrap();
            known.parts.push((envelope.seq, part));
        }
    }
    if act == Some(Act::LoseAnswer) {
        let broken =
            futures::stream::once(async { Err::<Bytes, _>(std::io::Error::other("lost")) });
        return Body::from_stream(broken).into_response();
    }
    Json(Accepted {
        epoch: batch.epoch,
        seq: known.parts.last().map_or(0, |(seq, _)| *seq),
        quarantined: 0,
    })
    .into_response()
}

async fn log(State(shared): State<Arc<Shared>>, headers: HeaderMap, body: Bytes) -> Response {
    if let Err(refusal) = shared.check(&headers, ("POST", LOG), &body) {
        return refusal;
    }
    let report = serde_json::from_slice(&body).unwrap();
    shared.known.lock().unwrap().logs.push(report);
    Json(()).into_response()
}

async fn blob(State(shared): State<Arc<Shared>>, headers: HeaderMap, uri: Uri) -> Response {
    if let Err(refusal) = shared.check(&headers, ("GET", uri.path()), b"") {
        return refusal;
    }
    let (blob, pause) = {
        let mut known = shared.known.lock().unwrap();
        known.fetched += 1;
        let digest = uri.path().strip_prefix(BLOBS).unwrap();
        (known.blobs.get(digest).cloned(), known.pause)
    };
    let Some(blob) = blob else {
        return problem(404, "not-found");
    };
    let length = blob.len();
    let pieces: Vec<_> = blob.chunks(64 * 1024).map(Bytes::copy_from_slice).collect();
    let pieces = futures::stream::iter(pieces).then(move |piece| async move {
        tokio::time::sleep(pause).await;
        Ok::<_, std::io::Error>(piece)
    });
    (
        [(header::CONTENT_LENGTH, length)],
        Body::from_stream(pieces),
    )
        .into_response()
}
