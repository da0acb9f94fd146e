//! Images of other registries, fetched by the distribution specification.
//!
//! Nothing that another registry says is trusted: each answer is bounded in length, silence and redirections, what is
//! fetched must have the digest that named it, and only hosts of [`Reach`] are asked, whoever leads there.

mod challenge;
mod place;
mod reach;

use std::{
    collections::HashSet,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use reqwest::{
    Client, Response, StatusCode, Url,
    header::{ACCEPT, AUTHORIZATION, HeaderValue, LOCATION, WWW_AUTHENTICATE},
    redirect::Policy,
};
use serde::Deserialize;

pub use place::Place;
pub use reach::{ListedHost, Reach, WrongHost};

use crate::{
    Archive, ArchiveError, ArchiveKind, CONFIG_LENGTH, Descriptor, Digest, Image, MANIFEST_LENGTH,
    Manifest, MediaType, Needs, RegistryError, Storage,
    archive::{check_layers, refused, shown},
    staging::Staged,
};
use challenge::Challenge;

/// How long a connection may take to be made.
const CONNECT: Duration = Duration::from_secs(10);
/// How long a registry may say nothing.
const SILENCE: Duration = Duration::from_secs(30);
/// How often an answer may lead somewhere else.
const REDIRECTS: usize = 5;
/// The longest answer to the question for a token.
const TOKEN: usize = 64 * 1024;
/// How much is gathered before it is written.
const GATHERED: usize = 1024 * 1024;

/// A name and a password at another registry.
#[derive(Clone)]
pub struct Login {
    /// The name.
    pub user: String,
    /// The password, or a token in its place.
    pub password: String,
}

/// Shows no secret.
impl std::fmt::Debug for Login {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Login({:?})", self.user)
    }
}

/// How far a fetch is, in bytes.
#[derive(Debug, Default)]
pub struct Progress {
    /// What there is to fetch, as far as it is known.
    pub total: AtomicU64,
    /// What was fetched.
    pub done: AtomicU64,
}

/// A manifest of another registry's.
#[derive(Clone, Debug)]
pub struct Fetched {
    /// Its digest.
    pub digest: Digest,
    /// What it says.
    pub manifest: Manifest,
    content: Bytes,
}

/// A repository of another registry's.
#[derive(Debug)]
pub struct Remote {
    http: Client,
    reach: Reach,
    base: Url,
    place: Place,
    login: Option<Login>,
    /// What is sent along, once the registry has asked for it.
    authorization: Mutex<Option<HeaderValue>>,
    /// The most that is fetched, in bytes.
    limit: u64,
    progress: Arc<Progress>,
}

impl Remote {
    /// The repository of a place, of which at most `limit` bytes are fetched.
    pub fn new(
        place: Place,
        login: Option<Login>,
        reach: &Reach,
        limit: u64,
        progress: Arc<Progress>,
    ) -> Result<Self, ArchiveError> {
        let http = Client::builder()
            .dns_resolver(reach.clone())
            .redirect(Policy::none())
            .no_proxy()
            .connect_timeout(CONNECT)
            .read_timeout(SILENCE)
            .user_agent(concat!("skep/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(RegistryError::failed)?;
        let base = reach.base(place.address());
        Ok(Self {
            http,
            reach: reach.clone(),
            base: base.ok_or(RegistryError::InvalidName)?,
            place,
            login,
            authorization: Mutex::default(),
            limit,
            progress,
        })
    }

    /// The manifest that the place names.
    pub async fn manifest(&self) -> Result<Fetched, ArchiveError> {
        self.fetch_manifest(&self.place.reference().to_string())
            .await
    }

    /// A manifest that an index of the repository names.
    pub async fn listed(&self, listed: &Descriptor) -> Result<Fetched, ArchiveError> {
        self.fetch_manifest(&listed.digest.to_string()).await
    }

    async fn fetch_manifest(&self, reference: &str) -> Result<Fetched, ArchiveError> {
        let kinds = [
            MediaType::Image,
            MediaType::Index,
            MediaType::DockerImage,
            MediaType::DockerList,
        ];
        let accept = kinds.map(MediaType::as_str).join(", ");
        let answer = self.get(&format!("manifests/{reference}"), &accept).await?;
        let content = self.whole(answer, MANIFEST_LENGTH).await?;
        let digest = Digest::of(&content);
        if reference.contains(':') && reference != digest.to_string() {
            return Err(self.wrong("its manifest does not have the digest that was asked for"));
        }
        // What it is it says itself: its digest is of that, and not of the answer's header.
        let manifest = Manifest::parse(&content, None)?;
        Ok(Fetched {
            digest,
            manifest,
            content,
        })
    }

    /// Says how much there will be to fetch; more than may be is refused.
    pub fn expect<'a>(
        &self,
        images: impl IntoIterator<Item = &'a Fetched>,
    ) -> Result<(), ArchiveError> {
        let blobs = images.into_iter().flat_map(|image| image.manifest.blobs());
        let total = blobs.fold(0, |sum: u64, blob| sum.saturating_add(blob.size));
        if total > self.limit {
            return Err(RegistryError::TooLarge(self.limit).into());
        }
        self.progress.total.store(total, Ordering::Relaxed);
        Ok(())
    }

    /// The image of a manifest, whole and checked, ready to be taken in.
    pub async fn image(
        &self,
        storage: &Arc<Storage>,
        image: Fetched,
    ) -> Result<Archive, ArchiveError> {
        let Needs::Blobs { config, layers } = &image.manifest.needs else {
            return Err(self.wrong("its index names an index"));
        };
        let mut blobs = vec![];
        let mut seen = HashSet::new();
        for blob in std::iter::once(config).chain(layers) {
            if seen.insert(blob.digest) {
                blobs.push(self.blob(storage, blob).await?);
            } else {
                self.progress.done.fetch_add(blob.size, Ordering::Relaxed);
            }
        }
        let settings = blobs[0].read(CONFIG_LENGTH).map_err(RegistryError::from)?;
        let settings = settings.ok_or(RegistryError::TooLarge(CONFIG_LENGTH as u64))?;
        let settings = Image::parse(&settings)?;
        let wanted: Vec<Digest> = layers.iter().map(|layer| layer.digest).collect();
        let most = storage.limits().unpacked;
        let checked = tokio::task::spawn_blocking(move || {
            check_layers(&wanted, &blobs, &settings, most)?;
            Ok::<_, ArchiveError>((blobs, settings))
        });
        let (blobs, settings) = checked.await.map_err(RegistryError::from)??;
        let media_type = image.manifest.media_type;
        Ok(Archive::of(
            ArchiveKind::Fetched,
            settings,
            vec![self.place.to_string()],
            (media_type, image.content),
            blobs,
        ))
    }

    async fn blob(&self, storage: &Storage, blob: &Descriptor) -> Result<Staged, ArchiveError> {
        let wrong = |what: &str| self.wrong(&format!("the blob {} {what}", blob.digest));
        let mut file = storage.stage(blob.size)?;
        let path = format!("blobs/{}", blob.digest);
        let mut answer = self.get(&path, "application/octet-stream, */*").await?;
        let mut left = blob.size;
        let mut over = false;
        while !over {
            let mut gathered = vec![];
            let mut size = 0;
            while size < GATHERED {
                let piece = answer.chunk().await;
                let Some(piece) = piece.map_err(|error| self.unreachable(&error))? else {
                    over = true;
                    break;
                };
                size += piece.len();
                left = left
                    .checked_sub(piece.len() as u64)
                    .ok_or_else(|| wrong("is longer than its manifest says"))?;
                gathered.push(piece);
            }
            self.progress.done.fetch_add(size as u64, Ordering::Relaxed);
            let written = tokio::task::spawn_blocking(move || {
                gathered.iter().try_for_each(|piece| file.append(piece))?;
                Ok::<_, RegistryError>(file)
            });
            file = written.await.map_err(RegistryError::from)??;
        }
        let staged = file.finish();
        if left > 0 {
            return Err(wrong("is shorter than its manifest says"));
        }
        if staged.digest() != blob.digest {
            return Err(wrong("does not have its digest"));
        }
        Ok(staged)
    }

    /// An answer of the repository's that is what was asked for.
    async fn get(&self, path: &str, accept: &str) -> Result<Response, ArchiveError> {
        let path = format!("/v2/{}/{path}", self.place.repository());
        let url = self.base.join(&path).map_err(RegistryError::failed)?;
        let mut answer = self.follow(url.clone(), accept).await?;
        if answer.status() == StatusCode::UNAUTHORIZED && self.authenticate(&answer).await? {
            answer = self.follow(url, accept).await?;
        }
        let status = answer.status();
        Err(match status {
            StatusCode::OK => return Ok(answer),
            StatusCode::NOT_FOUND => self.wrong("the registry has no such image"),
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
                self.wrong("the registry does not let us have it: is there such an image, and does it need a password?")
            }
            StatusCode::TOO_MANY_REQUESTS => {
                self.wrong("the registry has been asked too much: try again later")
            }
            other => self.wrong(&format!("the registry answers with the status {other}")),
        })
    }

    /// Asks, and follows where the answers lead. What is secret goes to the registry itself only.
    async fn follow(&self, mut url: Url, accept: &str) -> Result<Response, ArchiveError> {
        for _ in 0..=REDIRECTS {
            self.check(&url)?;
            let mut request = self.http.get(url.clone()).header(ACCEPT, accept);
            if url.origin() == self.base.origin()
                && let Some(authorization) = self.authorization()
            {
                request = request.header(AUTHORIZATION, authorization);
            }
            let answer = request.send().await;
            let answer = answer.map_err(|error| self.unreachable(&error))?;
            if !answer.status().is_redirection() {
                return Ok(answer);
            }
            let next = answer.headers().get(LOCATION);
            let next = next.and_then(|next| url.join(next.to_str().ok()?).ok());
            url = next.ok_or_else(|| self.wrong("the registry leads nowhere"))?;
        }
        Err(self.wrong("the registry leads from one address to the next"))
    }

    /// Gets what the registry wants to see. Says whether it is worth asking again.
    async fn authenticate(&self, answer: &Response) -> Result<bool, ArchiveError> {
        let mut challenges = answer.headers().get_all(WWW_AUTHENTICATE).iter();
        let challenge = challenges.find_map(|value| Challenge::parse(value.to_str().ok()?));
        let request = self.http.get(self.base.clone());
        let authorization = match (challenge, &self.login) {
            (None, _) | (Some(Challenge::Basic), None) => return Ok(false),
            (Some(Challenge::Basic), Some(login)) => {
                let request = request.basic_auth(&login.user, Some(&login.password));
                let request = request.build().map_err(RegistryError::failed)?;
                request.headers().get(AUTHORIZATION).cloned()
            }
            (Some(Challenge::Bearer { realm, service }), _) => {
                let token = self.token(&realm, &service).await?;
                let request = request.bearer_auth(token).build();
                let request = request.map_err(|_| self.wrong("its registry's token is none"))?;
                request.headers().get(AUTHORIZATION).cloned()
            }
        };
        *self
            .authorization
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = authorization;
        Ok(true)
    }

    fn authorization(&self) -> Option<HeaderValue> {
        self.authorization
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    async fn token(&self, realm: &str, service: &str) -> Result<String, ArchiveError> {
        #[derive(Deserialize)]
        struct Given {
            token: Option<String>,
            access_token: Option<String>,
        }
        let mut url =
            Url::parse(realm).map_err(|_| self.wrong("the registry's realm is no address"))?;
        let scope = format!("repository:{}:pull", self.place.repository());
        url.query_pairs_mut()
            .append_pair("service", service)
            .append_pair("scope", &scope);
        self.check(&url)?;
        let mut request = self.http.get(url);
        if let Some(login) = &self.login {
            request = request.basic_auth(&login.user, Some(&login.password));
        }
        let answer = request.send().await;
        let answer = answer.map_err(|error| self.unreachable(&error))?;
        if answer.status() != StatusCode::OK {
            return Err(self.wrong(
                "the registry gives no token for it: is there such an image, and is the password right?",
            ));
        }
        let content = self.whole(answer, TOKEN).await?;
        let given: Option<Given> = serde_json::from_slice(&content).ok();
        let token = given.and_then(|given| given.token.or(given.access_token));
        token.ok_or_else(|| self.wrong("the registry's answer has no token in it"))
    }

    /// The whole of a short answer.
    async fn whole(&self, mut answer: Response, limit: usize) -> Result<Bytes, ArchiveError> {
        let mut content = vec![];
        loop {
            let piece = answer.chunk().await;
            match piece.map_err(|error| self.unreachable(&error))? {
                None => return Ok(content.into()),
                Some(piece) if content.len() + piece.len() > limit => {
                    return Err(self.wrong(&format!("an answer is longer than {limit} bytes")));
                }
                Some(piece) => content.extend_from_slice(&piece),
            }
        }
    }

    fn check(&self, url: &Url) -> Result<(), ArchiveError> {
        if self.reach.allows(url) {
            return Ok(());
        }
        let host = shown(url.host_str().unwrap_or_default());
        let scheme = shown(url.scheme());
        Err(self.wrong(&format!(
            "{host} is not asked by {scheme}: only what is in the internet and speaks HTTPS, and what the server was \
             started with as --registry"
        )))
    }

    fn unreachable(&self, error: &reqwest::Error) -> ArchiveError {
        let mut cause: &dyn std::error::Error = error;
        while let Some(below) = cause.source() {
            cause = below;
        }
        if error.is_timeout() {
            return self.wrong("the registry says nothing any more");
        }
        let host = error.url().and_then(Url::host_str).unwrap_or_default();
        self.wrong(&format!("{} cannot be asked: {cause}", shown(host)))
    }

    fn wrong(&self, what: &str) -> ArchiveError {
        refused(format!("{}: {what}", self.place))
    }
}
