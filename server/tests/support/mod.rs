//! The real router on a free port, over a fresh database of either engine; and a sensor that signs.

#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::expect_used,
    missing_docs,
    reason = "each test uses a part of this, and a test may fail"
)]

use std::{net::SocketAddr, path::Path, sync::atomic::AtomicBool};

use ed25519_dalek::SigningKey;
use reqwest::{Client, Method, Response, StatusCode, redirect::Policy};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use skep_hub::{Actor, Hub, ListedHost, Options, Reach, Store};
use skep_model::{
    Address, Encounter, Interaction, InteractionKind, LoginMethod, Timestamp, Transport,
    console::NewSensor,
    ids::{Epoch, EventId, GroupId, InstanceId, SensorId, UserId},
    token::TokenDraft,
    user::{Fate, Role},
};
use skep_protocol::{
    part::{Accepted, Part},
    signature,
};

/// Which database a test runs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    Sqlite,
    Postgres,
}

/// Makes two tests of one function: `sqlite` and `postgres`.
#[macro_export]
macro_rules! on_both {
    ($($name:ident),+ $(,)?) => {
        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                super::$name($crate::support::Engine::Sqlite).await;
            })+
        }
        mod postgres {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                super::$name($crate::support::Engine::Postgres).await;
            })+
        }
    };
}

/// A fresh PostgreSQL database; `make test` starts the cluster that it is in.
pub async fn postgres_database() -> String {
    let cluster = std::env::var("SKEP_TEST_POSTGRES")
        .expect("SKEP_TEST_POSTGRES names a PostgreSQL server for tests; `make test` starts one");
    let name = format!("t{}", uuid::Uuid::from_bytes(random()).simple());
    let mut admin = <sqlx::PgConnection as sqlx::Connection>::connect(&cluster)
        .await
        .unwrap();
    sqlx::query(sqlx::AssertSqlSafe(format!("CREATE DATABASE {name}")))
        .execute(&mut admin)
        .await
        .unwrap();
    let (base, _) = cluster.rsplit_once('/').unwrap();
    format!("{base}/{name}")
}

pub fn random() -> [u8; 16] {
    let id = EventId::new();
    let hash = Sha256::digest([id.as_bytes(), &std::process::id().to_le_bytes()[..]].concat());
    hash[..16].try_into().unwrap()
}

/// A server in this process, reached over HTTP.
pub struct TestApp {
    pub hub: Hub,
    pub url: String,
    pub http: Client,
    pub database: String,
    _stop: tokio::sync::watch::Sender<bool>,
    data: tempfile::TempDir,
}

impl TestApp {
    /// A server that nobody has set up.
    pub async fn empty(engine: Engine) -> Self {
        let data = tempfile::tempdir().unwrap();
        let (store, database) = match engine {
            Engine::Sqlite => {
                let store = Store::open_sqlite(data.path()).await.unwrap();
                let database = format!("sqlite://{}", data.path().join("skep.db").display());
                (store, database)
            }
            Engine::Postgres => {
                let url = postgres_database().await;
                (Store::open_postgres(&url, 0).await.unwrap(), url)
            }
        };
        Self::over(store, database, data, vec![]).await
    }

    /// The server once more, over what it has kept.
    pub async fn restarted(self) -> Self {
        let Self { database, data, .. } = self;
        let store = if database.starts_with("sqlite") {
            Store::open_sqlite(data.path()).await.unwrap()
        } else {
            Store::open_postgres(&database, 0).await.unwrap()
        };
        Self::over(store, database, data, vec![]).await
    }

    /// The server once more; it may ask these registries for images.
    pub async fn reaching(self, registries: &[String]) -> Self {
        let Self {
            database,
            data,
            hub,
            ..
        } = self;
        let listed = registries.iter().map(|host| host.parse().unwrap());
        Self::over(hub.store().clone(), database, data, listed.collect()).await
    }

    /// A server that reaches its PostgreSQL database one way, and the test another.
    pub async fn over_postgres(server: &str, test: &str) -> Self {
        let store = Store::open_postgres(server, 0).await.unwrap();
        let data = tempfile::tempdir().unwrap();
        Self::over(store, test.to_owned(), data, vec![]).await
    }

    async fn over(
        store: Store,
        database: String,
        data: tempfile::TempDir,
        listed: Vec<ListedHost>,
    ) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let options = Options {
            data: data.path().to_owned(),
            endpoint: "https://127.0.0.1:1".to_owned(),
            behind_tls_proxy: false,
            default_ports: "ssh=2222".parse().unwrap(),
            max_upload: 4 * 1024 * 1024,
            reach: Reach::new(listed),
            image_store: None,
            set_up_done: AtomicBool::new(false),
        };
        let hub = Hub::start(store, options).await.unwrap();
        let (stop, stopping) = tokio::sync::watch::channel(false);
        let router = skep_server::router::router(hub.clone(), Path::new("/nonexistent"), stopping);
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move {
            let service = router.into_make_service_with_connect_info::<SocketAddr>();
            axum::serve(listener, service).await
        });
        let http = Client::builder()
            .redirect(Policy::none())
            .no_proxy()
            .build()
            .unwrap();
        Self {
            hub,
            url,
            http,
            database,
            _stop: stop,
            data,
        }
    }

    /// A server with the user `admin` (password `correct horse`) and the group `default`.
    pub async fn start(engine: Engine) -> Self {
        let app = Self::empty(engine).await;
        app.set_up().await;
        app
    }

    /// The data folder.
    pub fn data(&self) -> &Path {
        self.data.path()
    }

    /// Sets the server up; returns the admin's cookie.
    pub async fn set_up(&self) -> String {
        let answer = self.post_fn("set_up", &SET_UP, "").await;
        assert_eq!(answer.status(), StatusCode::OK);
        cookie(&answer)
    }

    /// The admin's cookie, from a log-in through the front door.
    pub async fn admin(&self) -> String {
        let answer = self
            .post_fn(
                "log_in",
                &[("name", "admin"), ("password", "correct horse")],
                "",
            )
            .await;
        assert_eq!(answer.status(), StatusCode::OK);
        cookie(&answer)
    }

    /// Calls a server function as our own page does.
    pub async fn post_fn(&self, name: &str, form: &[(&str, &str)], cookie: &str) -> Response {
        self.http
            .post(format!("{}/fn/{name}", self.url))
            .header("sec-fetch-site", "same-origin")
            .header("accept", "application/json")
            .header("content-type", "application/x-www-form-urlencoded")
            .header("cookie", cookie)
            .body(form_body(form))
            .send()
            .await
            .unwrap()
    }

    /// Gets a page.
    pub async fn get(&self, path: &str, cookie: &str) -> Response {
        self.http
            .get(format!("{}{path}", self.url))
            .header("cookie", cookie)
            .send()
            .await
            .unwrap()
    }

    /// Gets from the API.
    pub async fn api(&self, path: &str, token: &str) -> Response {
        self.http
            .get(format!("{}{path}", self.url))
            .bearer_auth(token)
            .send()
            .await
            .unwrap()
    }

    /// Gets JSON from the API.
    pub async fn api_json(&self, path: &str, token: &str) -> Value {
        let answer = self.api(path, token).await;
        assert_eq!(answer.status(), StatusCode::OK, "{path}");
        answer.json().await.unwrap()
    }

    /// A token for the first group; an admin's is for all.
    pub async fn token(&self, role: Role) -> String {
        let groups = match role {
            Role::Admin => vec![],
            _ => vec![self.group().await],
        };
        self.token_for(role, groups).await
    }

    pub async fn token_for(&self, role: Role, groups: Vec<GroupId>) -> String {
        let draft = TokenDraft {
            name: format!("t{}", EventId::new()),
            role,
            areas: vec![],
            groups,
            days: None,
        };
        self.hub
            .create_token(&Actor::command_line(), draft)
            .await
            .unwrap()
            .secret
    }

    /// The id of a token, by its secret.
    /// Moves an event to the archive.
    pub async fn archive(&self, event: EventId) {
        let taken = self
            .hub
            .take_events(&Actor::command_line(), &[event], false, Fate::Archive)
            .await;
        assert_eq!(taken.unwrap(), 1);
    }

    pub async fn token_id(&self, secret: &str) -> String {
        let hash: [u8; 32] = Sha256::digest(secret.as_bytes()).into();
        let token = self.hub.store().token(&hash).await.unwrap();
        token.unwrap().id.to_string()
    }

    pub async fn user_id(&self, name: &str) -> UserId {
        let user = self.hub.store().user_by_name(name).await.unwrap();
        user.unwrap().id
    }

    pub async fn group(&self) -> GroupId {
        self.hub.groups(&Actor::command_line()).await.unwrap()[0].id
    }

    /// A group beside the first.
    pub async fn another_group(&self, name: &str) -> GroupId {
        let id = GroupId::new();
        self.sql(
            "INSERT INTO groups (id, name, created_at) VALUES ($1, $2, 0)",
            |query| query.bind(id.as_bytes().to_vec()).bind(name.to_owned()),
        )
        .await;
        id
    }

    /// A user with a session; returns the cookie.
    pub async fn user(&self, name: &str, role: Role, group: GroupId) -> String {
        let id = UserId::new();
        self.sql(
            "INSERT INTO users (id, name, email, role, password_hash, created_at) VALUES ($1, $2, '', $3, '', 0)",
            |query| query.bind(id.as_bytes().to_vec()).bind(name.to_owned()).bind(role.number()),
        )
        .await;
        self.sql(
            "INSERT INTO memberships (user_id, group_id) VALUES ($1, $2)",
            |query| {
                query
                    .bind(id.as_bytes().to_vec())
                    .bind(group.as_bytes().to_vec())
            },
        )
        .await;
        let secret = format!("{name:0>43}");
        let now = Timestamp::now();
        self.hub
            .store()
            .open_session(
                &Sha256::digest(secret.as_bytes()).into(),
                id,
                None,
                b"",
                now,
            )
            .await
            .unwrap();
        format!("skep={secret}")
    }

    async fn sql(
        &self,
        sql: &'static str,
        bind: impl FnOnce(
            sqlx::query::Query<'static, sqlx::Any, sqlx::any::AnyArguments>,
        ) -> sqlx::query::Query<'static, sqlx::Any, sqlx::any::AnyArguments>,
    ) {
        let mut connection = self.connection().await;
        bind(sqlx::query(sql))
            .execute(&mut connection)
            .await
            .unwrap();
    }

    /// A connection of the test's own.
    pub async fn connection(&self) -> sqlx::AnyConnection {
        sqlx::any::install_default_drivers();
        let mut connection = <sqlx::AnyConnection as sqlx::Connection>::connect(&self.database)
            .await
            .unwrap();
        if self.database.starts_with("sqlite") {
            sqlx::query("PRAGMA busy_timeout = 10000")
                .execute(&mut connection)
                .await
                .unwrap();
        }
        connection
    }

    /// One number from the database.
    pub async fn count(&self, sql: &'static str) -> i64 {
        sqlx::query_scalar(sql)
            .fetch_one(&mut self.connection().await)
            .await
            .unwrap()
    }

    /// Adds a sensor and enrols it through the front door.
    pub async fn sensor(&self, name: &str, group: GroupId) -> TestSensor {
        let enrolment = self
            .hub
            .add_sensor(
                &Actor::command_line(),
                NewSensor {
                    name: name.to_owned(),
                    group,
                },
            )
            .await
            .unwrap();
        let token = enrolment.command.rsplit(' ').next().unwrap();
        let token: skep_protocol::token::EnrolmentToken = token.parse().unwrap();
        let key = SigningKey::from_bytes(&Sha256::digest(random()).into());
        let body = json!({
            "secret": token.secret,
            "public_key": skep_model::Bytes(key.verifying_key().to_bytes().to_vec()),
            "version": "test",
            "architecture": "test",
        });
        let answer = self
            .http
            .post(format!("{}/sensor/v1/enrol", self.url))
            .json(&body)
            .send()
            .await
            .unwrap();
        assert_eq!(answer.status(), StatusCode::OK);
        let answer: Value = answer.json().await.unwrap();
        let id: SensorId = answer["sensor"].as_str().unwrap().parse().unwrap();
        let instances = self.hub.store().instances(Some(&[id])).await.unwrap();
        let instance = instances
            .iter()
            .find(|row| row.instance.service.as_str() == "ssh")
            .unwrap()
            .instance
            .id;
        TestSensor {
            id,
            key,
            epoch: Epoch::new(),
            next: 1,
            instance,
        }
    }
}

/// What the set-up page sends.
pub const SET_UP: [(&str, &str); 4] = [
    ("password", "correct horse"),
    ("repeat", "correct horse"),
    ("email", ""),
    ("group", "default"),
];

/// The cookie that an answer sets, as a browser would send it back.
pub fn cookie(answer: &Response) -> String {
    let header = answer
        .headers()
        .get("set-cookie")
        .expect("a cookie")
        .to_str()
        .unwrap();
    header.split(';').next().unwrap().to_owned()
}

fn form_body(form: &[(&str, &str)]) -> String {
    let encode = |text: &str| -> String {
        text.bytes()
            .map(|b| {
                if b.is_ascii_alphanumeric() {
                    (b as char).to_string()
                } else {
                    format!("%{b:02X}")
                }
            })
            .collect()
    };
    form.iter()
        .map(|(name, value)| {
            // Brackets of nested names are part of the form's own syntax.
            format!(
                "{}={}",
                name.replace('[', "%5B").replace(']', "%5D"),
                encode(value)
            )
        })
        .collect::<Vec<_>>()
        .join("&")
}

/// A sensor that signs what it sends.
pub struct TestSensor {
    pub id: SensorId,
    pub key: SigningKey,
    pub epoch: Epoch,
    pub next: u64,
    pub instance: InstanceId,
}

impl TestSensor {
    /// Sends a signed request.
    pub async fn post(
        &self,
        app: &TestApp,
        path: &str,
        body: &[u8],
        at: Timestamp,
        nonce: [u8; 16],
    ) -> Response {
        self.ask(app, Method::POST, path, body, at, nonce).await
    }

    /// Gets something.
    pub async fn get(&self, app: &TestApp, path: &str) -> Response {
        self.ask(app, Method::GET, path, b"", Timestamp::now(), random())
            .await
    }

    /// Sends a signed request of any method.
    pub async fn ask(
        &self,
        app: &TestApp,
        method: Method,
        path: &str,
        body: &[u8],
        at: Timestamp,
        nonce: [u8; 16],
    ) -> Response {
        let name = method.as_str();
        let headers = signature::sign(&self.key, self.id, name, path, body, at, &nonce);
        app.http
            .request(method, format!("{}{path}", app.url))
            .header("content-digest", headers.content_digest)
            .header("signature-input", headers.signature_input)
            .header("signature", headers.signature)
            .body(body.to_vec())
            .send()
            .await
            .unwrap()
    }

    /// A batch of these parts from place `first` on.
    pub fn batch(&self, first: u64, parts: &[Value]) -> Vec<u8> {
        let parts: Vec<Value> = parts
            .iter()
            .zip(first..)
            .map(|(part, seq)| json!({ "seq": seq, "part": part }))
            .collect();
        serde_json::to_vec(&json!({ "epoch": self.epoch, "parts": parts })).unwrap()
    }

    /// Sends parts, and expects them to be taken.
    pub async fn send(&mut self, app: &TestApp, parts: &[Part]) -> Accepted {
        let parts: Vec<Value> = parts
            .iter()
            .map(|part| serde_json::to_value(part).unwrap())
            .collect();
        self.send_raw(app, &parts).await
    }

    /// Sends whatever it is as parts, and expects the batch to be taken.
    pub async fn send_raw(&mut self, app: &TestApp, parts: &[Value]) -> Accepted {
        let body = self.batch(self.next, parts);
        let answer = self
            .post(app, "/sensor/v1/events", &body, Timestamp::now(), random())
            .await;
        assert_eq!(answer.status(), StatusCode::OK);
        self.next += parts.len() as u64;
        answer.json().await.unwrap()
    }

    /// The opening of an event.
    pub fn open(&self, event: EventId, interactions: Vec<InteractionKind>) -> Part {
        Part::Open {
            event,
            at: Timestamp::now(),
            encounter: self.encounter("192.0.2.7"),
            interactions: steps(interactions),
        }
    }

    pub fn encounter(&self, source: &str) -> Encounter {
        Encounter {
            service: "ssh".parse().unwrap(),
            instance: self.instance,
            revision: 1,
            source: source.parse::<Address>().unwrap(),
            source_port: 50_000,
            target_port: 2222,
            transport: Transport::Tcp,
        }
    }
}

pub fn steps(kinds: Vec<InteractionKind>) -> Vec<Interaction> {
    kinds
        .into_iter()
        .map(|kind| Interaction {
            at: Timestamp::now(),
            kind,
        })
        .collect()
}

pub fn extend(event: EventId, first: u32, kinds: Vec<InteractionKind>) -> Part {
    Part::Extend {
        event,
        first,
        interactions: steps(kinds),
    }
}

pub fn login(user: &[u8], secret: &[u8], accepted: bool) -> InteractionKind {
    InteractionKind::Login {
        user: user.into(),
        secret: secret.into(),
        method: LoginMethod::Password,
        accepted,
    }
}

pub fn command(line: &[u8]) -> InteractionKind {
    InteractionKind::Command {
        line: line.into(),
        protocol: false,
    }
}
