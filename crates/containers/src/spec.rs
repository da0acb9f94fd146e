//! What the engine is told to create for an instance.

use std::collections::{BTreeMap, HashMap};

use bollard::models::{
    ContainerCreateBody, EndpointIpamConfig, EndpointSettings, HostConfig, HostConfigLogConfig,
    NetworkingConfig,
};
use skep_model::service::SettingValue;
use skep_protocol::manifest::{Profile, SettingsTarget};

use crate::{Owner, Wanted, names, subnet::Subnets};

/// The port of the gateway at which the collector listens.
pub const COLLECTOR: u16 = 5556;

/// How much of what a container prints is kept: two files of this length, in bytes.
const LOG: u64 = 1024 * 1024;

/// The longest value of a setting that becomes a variable, in bytes.
const SETTING: usize = 32 * 1024;

/// Whether the layer that a container writes to can be bounded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Storage {
    /// The engine's storage driver can do it.
    Bounded,
    /// It cannot.
    Unbounded,
}

/// The container of an instance, or why there can be none.
pub fn container(
    owner: Owner,
    wanted: &Wanted,
    subnets: &Subnets,
    storage: Storage,
) -> Result<ContainerCreateBody, String> {
    let instance = wanted.configuration.id;
    let mut labels = owner.labels(instance);
    labels.insert(names::CONFIGURATION.to_owned(), wanted.fingerprint());
    let network = names::name(instance);
    let raw = wanted.raw_network().is_some();
    Ok(ContainerCreateBody {
        image: Some(owner.image(&wanted.manifest.image.manifest)),
        env: Some(environment(wanted, subnets)?),
        labels: Some(labels),
        host_config: Some(HostConfig {
            network_mode: Some(if raw {
                "host".to_owned()
            } else {
                network.clone()
            }),
            ..confinement(wanted, storage)
        }),
        networking_config: (!raw).then(|| NetworkingConfig {
            endpoints_config: Some(HashMap::from([(network, endpoint(subnets))])),
        }),
        ..ContainerCreateBody::default()
    })
}

fn endpoint(subnets: &Subnets) -> EndpointSettings {
    EndpointSettings {
        ipam_config: Some(EndpointIpamConfig {
            ipv4_address: Some(subnets.container().to_string()),
            ipv6_address: subnets.container_v6().map(|address| address.to_string()),
            link_local_ips: None,
        }),
        ..EndpointSettings::default()
    }
}

fn confinement(wanted: &Wanted, storage: Storage) -> HostConfig {
    let limits = wanted.manifest.limits;
    let common = HostConfig {
        memory: Some(limits.memory as i64),
        // Memory and swap together: no swap.
        memory_swap: Some(limits.memory as i64),
        nano_cpus: Some(i64::from(limits.cpu_percent) * 10_000_000),
        pids_limit: Some(limits.pids.into()),
        // When memory is short, honeypots go first.
        oom_score_adj: Some(500),
        security_opt: Some(vec!["no-new-privileges:true".to_owned()]),
        log_config: Some(HostConfigLogConfig {
            typ: Some("json-file".to_owned()),
            config: Some(HashMap::from([
                ("max-size".to_owned(), LOG.to_string()),
                ("max-file".to_owned(), "2".to_owned()),
            ])),
        }),
        // The engine would resolve names for it on the host, and carry what is in them outside.
        dns: Some(vec!["127.0.0.1".to_owned()]),
        ..HostConfig::default()
    };
    let writable = HostConfig {
        storage_opt: (storage == Storage::Bounded)
            .then(|| HashMap::from([("size".to_owned(), limits.writable.to_string())])),
        ..common.clone()
    };
    match &wanted.manifest.profile {
        Profile::Hardened { capabilities } => HostConfig {
            cap_drop: Some(vec!["ALL".to_owned()]),
            cap_add: Some(
                capabilities
                    .intersection(&wanted.allowed.capabilities)
                    .map(|capability| capability.word().to_owned())
                    .collect(),
            ),
            readonly_rootfs: Some(true),
            tmpfs: Some(
                ["/tmp", "/run"]
                    .map(|place| {
                        let size = limits.writable;
                        (
                            place.to_owned(),
                            format!("rw,noexec,nosuid,nodev,size={size},mode=1777"),
                        )
                    })
                    .into(),
            ),
            ..common
        },
        Profile::Compatible => writable,
        Profile::HoneySens { .. } => HostConfig {
            cap_add: Some(vec!["NET_ADMIN".to_owned()]),
            ..writable
        },
    }
}

fn environment(wanted: &Wanted, subnets: &Subnets) -> Result<Vec<String>, String> {
    let manifest = &wanted.manifest;
    let mut variables: BTreeMap<String, String> = manifest
        .environment
        .iter()
        .map(|(name, value)| (name.to_string(), value.clone()))
        .collect();
    settings(wanted, &mut variables)?;
    if let Profile::HoneySens { .. } = manifest.profile {
        variables.insert("COLLECTOR_HOST".to_owned(), subnets.gateway().to_string());
        variables.insert("COLLECTOR_PORT".to_owned(), COLLECTOR.to_string());
        if let Some(interface) = wanted.raw_network() {
            variables.insert("INTERFACE".to_owned(), interface.as_str().to_owned());
        }
    }
    Ok(variables
        .into_iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect())
}

fn settings(wanted: &Wanted, variables: &mut BTreeMap<String, String>) -> Result<(), String> {
    let settings = &wanted.configuration.settings;
    let mut set = |name: String, value: String| {
        if value.len() > SETTING {
            return Err(format!(
                "the settings for {name} are longer than {SETTING} bytes"
            ));
        }
        if value.contains('\0') {
            return Err(format!("the settings for {name} have a zero byte in them"));
        }
        variables.insert(name, value);
        Ok(())
    };
    match &wanted.manifest.settings {
        SettingsTarget::None => match settings.keys().next() {
            Some(key) => Err(format!("the service has no settings, and {key} is given")),
            None => Ok(()),
        },
        SettingsTarget::Json { variable } => set(
            variable.to_string(),
            serde_json::to_string(settings).unwrap_or_default(),
        ),
        SettingsTarget::Variables { names } => settings.iter().try_for_each(|(key, value)| {
            let name = names
                .get(key)
                .ok_or_else(|| format!("the service has no setting {key}"))?;
            let value = match value {
                SettingValue::Text(text) => text.clone(),
                SettingValue::Number(number) => number.to_string(),
                SettingValue::List(lines) => lines.join("\n"),
            };
            set(name.to_string(), value)
        }),
    }
}
