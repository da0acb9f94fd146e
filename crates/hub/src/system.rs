//! The settings of the whole server, the audit log, and what the server says of itself.

use std::{
    collections::{BTreeMap, HashSet},
    fmt::Write as _,
    sync::{Arc, PoisonError},
    time::Duration,
};

use skep_model::{
    Complaint, Timestamp,
    event::ServiceName,
    system::{About, AuditPage, AuditQuery, Settings},
    user::Role,
};
use skep_protocol::catalogue;
use skep_store::Engine;

use crate::{Actor, Hub, HubError};

/// Under which name the settings are kept.
const NAME: &str = "settings";
/// Entries of one page of the audit log.
const PAGE: u32 = 100;
/// The most ports of one service.
const MOST_PORTS: usize = 64;
/// The most days that a setting takes: ten years.
const LONGEST: u32 = 3660;

impl Hub {
    /// The settings, as they are now.
    #[must_use]
    pub fn settings(&self) -> Arc<Settings> {
        Arc::clone(
            &self
                .0
                .settings
                .read()
                .unwrap_or_else(PoisonError::into_inner),
        )
    }

    /// Reads the settings that are kept: at the start, and when another server may have changed them.
    pub(crate) async fn load_settings(&self) -> Result<(), HubError> {
        let kept = self.0.store.setting(NAME).await?;
        let settings = kept
            .and_then(|json| serde_json::from_str::<Settings>(&json).ok())
            .unwrap_or_default();
        self.0.authority.name(host(&settings.endpoint))?;
        *self
            .0
            .settings
            .write()
            .unwrap_or_else(PoisonError::into_inner) = Arc::new(settings);
        Ok(())
    }

    /// The settings, for those who may see them.
    pub fn shown_settings(&self, actor: &Actor) -> Result<Settings, HubError> {
        actor.require(Role::Observer)?;
        Ok(self.spelled_out((*self.settings()).clone()))
    }

    /// Which services a new sensor offers, and on which ports.
    pub(crate) fn sensor_defaults(&self) -> BTreeMap<ServiceName, Vec<u16>> {
        let settings = self.settings();
        let chosen = settings.sensor_defaults.clone();
        chosen.unwrap_or_else(|| self.0.options.default_ports.all())
    }

    /// The settings with what holds where nothing was chosen; every built-in service is named.
    fn spelled_out(&self, mut settings: Settings) -> Settings {
        let started_with = self.0.options.default_ports.all();
        let defaults = settings
            .sensor_defaults
            .get_or_insert_with(|| started_with.clone());
        for service in started_with.into_keys() {
            defaults.entry(service).or_default();
        }
        settings
    }

    /// Changes the settings.
    pub async fn edit_settings(
        &self,
        actor: &Actor,
        mut new: Settings,
    ) -> Result<Settings, HubError> {
        actor.require(Role::Admin)?;
        new.endpoint = new.endpoint.trim().trim_end_matches('/').to_owned();
        check(&new)?;
        // Who leaves the defaults as they are does not hold on to them.
        let untouched = self.spelled_out(Settings::default()).sensor_defaults;
        if self.spelled_out(new.clone()).sensor_defaults == untouched {
            new.sensor_defaults = None;
        }
        let mut audit = actor.audit("edit", "settings", "server".to_owned());
        audit.before = serde_json::to_value(self.shown_settings(actor)?).ok();
        audit.after = serde_json::to_value(self.spelled_out(new.clone())).ok();
        let json = serde_json::to_string(&new).unwrap_or_default();
        self.0.store.put_setting(NAME, &json, &audit).await?;
        self.load_settings().await?;
        self.shown_settings(actor)
    }

    /// Where sensors are told to call.
    pub(crate) fn endpoint(&self) -> String {
        let settings = self.settings();
        if settings.endpoint.is_empty() {
            self.0.options.endpoint.clone()
        } else {
            settings.endpoint.clone()
        }
    }

    /// What the server says of itself.
    pub fn about(&self, actor: &Actor) -> Result<About, HubError> {
        actor.require(Role::Observer)?;
        let certificate = self.0.authority.certificate();
        Ok(About {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            database: match self.0.store.engine() {
                Engine::Sqlite => "SQLite".to_owned(),
                Engine::Postgres => "PostgreSQL".to_owned(),
            },
            started_at: self.0.started_at,
            endpoint: self.endpoint(),
            authority: certificate
                .fingerprint
                .iter()
                .fold(String::new(), |mut text, byte| {
                    let _ = write!(text, "{byte:02x}");
                    text
                }),
            authority_until: certificate.until,
            certificate_until: self.0.authority.leaf_until(),
        })
    }

    /// Makes new certificates. Sensors go on: the authority's key stays, and they trust that.
    pub async fn renew_certificates(&self, actor: &Actor) -> Result<About, HubError> {
        actor.require(Role::Admin)?;
        let until = |about: &About| serde_json::json!({ "until": about.authority_until });
        let mut audit = actor.audit("renew", "certificate", "authority".to_owned());
        audit.before = Some(until(&self.about(actor)?));
        self.0.authority.renew()?;
        let about = self.about(actor)?;
        audit.after = Some(until(&about));
        self.0.store.audit(&audit).await?;
        Ok(about)
    }

    /// A page of the audit log, newest first.
    pub async fn audit_log(
        &self,
        actor: &Actor,
        query: &AuditQuery,
    ) -> Result<AuditPage, HubError> {
        actor.require(Role::Admin)?;
        let mut entries = self.0.store.audit_log(query, PAGE + 1).await?;
        let more = entries.len() > PAGE as usize;
        entries.truncate(PAGE as usize);
        let next = entries.last().filter(|_| more).map(|entry| entry.id);
        Ok(AuditPage { entries, next })
    }

    /// Names of users and tokens, and kinds of things, that the audit log has.
    pub async fn audit_words(&self, actor: &Actor) -> Result<(Vec<String>, Vec<String>), HubError> {
        actor.require(Role::Admin)?;
        Ok(self.0.store.audit_words().await?)
    }

    /// Lets go of what is older than the settings say, and archives what is done with.
    pub(crate) async fn keep_bounds(&self) -> Result<(), HubError> {
        let (settings, now) = (self.settings(), Timestamp::now());
        let ago = |days: u32| now.before(Duration::from_hours(24) * days);
        if settings.audit_days > 0 {
            self.0
                .store
                .prune_audit_log(ago(settings.audit_days))
                .await?;
        }
        if settings.archive_after_days > 0 {
            let older = ago(settings.archive_after_days);
            while self.0.store.archive_done(older, now).await? > 0 {
                tokio::task::yield_now().await;
            }
        }
        if settings.archive_days > 0 {
            let before = ago(settings.archive_days);
            while self.0.store.thin_archive(before, now).await? > 0 {
                tokio::task::yield_now().await;
            }
        }
        Ok(())
    }
}

/// The host's name or address in an endpoint.
fn host(endpoint: &str) -> Option<String> {
    let (_, place) = endpoint.split_once("://")?;
    let name = match place.strip_prefix('[') {
        Some(rest) => rest.split(']').next(),
        None => place.split(':').next(),
    };
    name.filter(|name| !name.is_empty()).map(str::to_owned)
}

fn check(settings: &Settings) -> Result<(), HubError> {
    let between = |field: &str, value: u32, min: u32, max: u32| {
        if (min..=max).contains(&value) {
            Ok(())
        } else {
            Err(HubError::invalid(field, Complaint::Between { min, max }))
        }
    };
    between("offline_after", settings.offline_after, 15, 86_400)?;
    between("audit_days", settings.audit_days, 0, LONGEST)?;
    between(
        "archive_after_days",
        settings.archive_after_days,
        0,
        LONGEST,
    )?;
    between("archive_days", settings.archive_days, 0, LONGEST)?;
    if let Some(defaults) = &settings.sensor_defaults {
        check_sensor_defaults(defaults)?;
    }
    let endpoint = &settings.endpoint;
    let host = endpoint
        .strip_prefix("https://")
        .or_else(|| endpoint.strip_prefix("http://"));
    let fits = host.is_some_and(|host| {
        !host.is_empty()
            && host.len() < 255
            && host
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | ':' | '[' | ']'))
    });
    if !endpoint.is_empty() && !fits {
        return Err(HubError::invalid("endpoint", Complaint::NotAUrl));
    }
    Ok(())
}

fn check_sensor_defaults(defaults: &BTreeMap<ServiceName, Vec<u16>>) -> Result<(), HubError> {
    let mut taken = HashSet::new();
    for (service, ports) in defaults {
        let refuse = |complaint| {
            let field = format!("sensor_defaults.{service}");
            Err(HubError::invalid(&field, complaint))
        };
        if catalogue::find(service.as_str()).is_none() {
            return refuse(Complaint::Unknown);
        }
        if ports.contains(&0) {
            return refuse(Complaint::Between {
                min: 1,
                max: 65_535,
            });
        }
        if ports.len() > MOST_PORTS {
            return refuse(Complaint::TooMany {
                max: MOST_PORTS as u32,
            });
        }
        if !ports.iter().all(|port| taken.insert(*port)) {
            return refuse(Complaint::PortTwice);
        }
    }
    Ok(())
}
