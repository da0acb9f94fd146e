//! What must fit together in a manifest.

use std::collections::HashSet;

use super::{ContainerPort, Events, Fields, Limits, Profile, Protocol, Ready, SettingsTarget};

/// A manifest whose fields do not fit together.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct WrongManifest(String);

/// Engines take no more layers than this.
const LAYERS: usize = 127;

/// The largest image, in bytes.
const IMAGE: u64 = 16 * 1024 * 1024 * 1024;

/// The longest configuration of an image, in bytes: it is held in memory.
const CONFIG: u64 = 1024 * 1024;

/// The most ports of one service.
const PORTS: usize = 64;

/// The most that all variables come to, in bytes.
const ENVIRONMENT: usize = 32 * 1024;

/// The most that is sent or expected to see that a service works, in bytes.
const ANSWER: usize = 4096;

pub(super) fn check(fields: &Fields) -> Result<(), WrongManifest> {
    image(fields)?;
    ports(&fields.ports)?;
    environment(fields)?;
    limits(&fields.limits)?;
    ready(fields)?;
    if matches!(fields.events, Events::Log { path: Some(_), .. })
        && matches!(fields.profile, Profile::Hardened { .. })
    {
        return wrong("a hardened container has no file to log to: have it log to standard output");
    }
    Ok(())
}

fn wrong(problem: impl Into<String>) -> Result<(), WrongManifest> {
    Err(WrongManifest(problem.into()))
}

fn image(fields: &Fields) -> Result<(), WrongManifest> {
    let image = &fields.image;
    if image.layers.is_empty() || image.layers.len() > LAYERS {
        return wrong(format!(
            "an image has 1 to {LAYERS} layers, not {}",
            image.layers.len()
        ));
    }
    if image.config.size > CONFIG {
        return wrong(format!(
            "an image's configuration is at most {CONFIG} bytes long"
        ));
    }
    if image.size() > IMAGE {
        return wrong(format!("an image is at most {IMAGE} bytes long"));
    }
    Ok(())
}

fn ports(ports: &[ContainerPort]) -> Result<(), WrongManifest> {
    if ports.len() > PORTS {
        return wrong(format!("a service has at most {PORTS} ports"));
    }
    let mut inside = HashSet::new();
    let mut outside = HashSet::new();
    for port in ports {
        if !inside.insert((port.number, port.protocol)) {
            return wrong(format!(
                "port {}/{} is there twice",
                port.number,
                port.protocol.word()
            ));
        }
        if !outside.insert((port.published, port.protocol)) {
            return wrong(format!(
                "two ports are published as {}/{}",
                port.published,
                port.protocol.word()
            ));
        }
    }
    Ok(())
}

fn environment(fields: &Fields) -> Result<(), WrongManifest> {
    let size: usize = fields
        .environment
        .iter()
        .map(|(name, value)| name.as_str().len() + value.len() + 2)
        .sum();
    if size > ENVIRONMENT {
        return wrong(format!("variables come to at most {ENVIRONMENT} bytes"));
    }
    if let Some((name, _)) = fields
        .environment
        .iter()
        .find(|(_, value)| value.contains('\0'))
    {
        return wrong(format!("the value of {name} has a zero byte in it"));
    }
    let settings: Vec<_> = match &fields.settings {
        SettingsTarget::None => vec![],
        SettingsTarget::Json { variable } => vec![variable],
        SettingsTarget::Variables { names } => names.values().collect(),
    };
    let mut seen: HashSet<_> = fields.environment.keys().collect();
    match settings.into_iter().find(|name| !seen.insert(name)) {
        Some(twice) => wrong(format!("the variable {twice} is there twice")),
        None => Ok(()),
    }
}

fn limits(limits: &Limits) -> Result<(), WrongManifest> {
    let (least, most) = (Limits::LEAST, Limits::MOST);
    for (name, value, least, most) in [
        (
            "pids",
            u64::from(limits.pids),
            u64::from(least.pids),
            u64::from(most.pids),
        ),
        ("memory", limits.memory, least.memory, most.memory),
        (
            "cpu_percent",
            u64::from(limits.cpu_percent),
            u64::from(least.cpu_percent),
            u64::from(most.cpu_percent),
        ),
        ("writable", limits.writable, least.writable, most.writable),
    ] {
        if !(least..=most).contains(&value) {
            return wrong(format!("limit {name} is {least} to {most}, not {value}"));
        }
    }
    Ok(())
}

fn ready(fields: &Fields) -> Result<(), WrongManifest> {
    let (port, protocol) = match &fields.ready {
        Ready::Runs if fields.ports.is_empty() => return Ok(()),
        Ready::Runs => {
            return wrong("a service with ports says on which of them it answers when it works");
        }
        Ready::Connect { port, protocol } => (*port, *protocol),
        Ready::Answer {
            port,
            protocol,
            send,
            expect,
        } => {
            if expect.0.is_empty() || expect.0.len() > ANSWER || send.0.len() > ANSWER {
                return wrong(format!(
                    "the answer that is expected has 1 to {ANSWER} bytes, and what is sent for it at most as many"
                ));
            }
            if *protocol == Protocol::Udp && send.0.is_empty() {
                return wrong("nothing answers over UDP before something is sent");
            }
            (*port, *protocol)
        }
    };
    if fields
        .ports
        .iter()
        .any(|known| (known.number, known.protocol) == (port, protocol))
    {
        Ok(())
    } else {
        wrong(format!(
            "port {port}/{} is none of the service's",
            protocol.word()
        ))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::manifest::Manifest;

    fn telnet() -> Value {
        let digest = format!("sha256:{}", "ab".repeat(32));
        json!({
            "image": {
                "manifest": digest,
                "config": { "digest": digest, "size": 512 },
                "layers": [{
                    "digest": digest,
                    "size": 4096,
                    "media_type": "application/vnd.docker.image.rootfs.diff.tar.gzip",
                }],
                "architecture": "x86_64",
            },
            "profile": { "kind": "hardened", "capabilities": ["NET_BIND_SERVICE"] },
            "ports": [{ "number": 23, "published": 2323 }],
            "environment": { "BANNER": "login:" },
            "events": { "kind": "json_lines" },
            "ready": { "kind": "answer", "port": 23, "expect": "bG9naW46" },
            "settings": { "kind": "json", "variable": "SETTINGS" },
        })
    }

    fn refusal(pointer: &str, value: Value) -> String {
        let mut manifest = telnet();
        let (parent, key) = pointer.rsplit_once('/').unwrap();
        manifest.pointer_mut(parent).unwrap()[key] = value;
        serde_json::from_value::<Manifest>(manifest)
            .err()
            .unwrap_or_else(|| panic!("taken: {pointer}"))
            .to_string()
    }

    #[test]
    fn a_manifest_reads_as_it_was_written() {
        let manifest: Manifest = serde_json::from_value(telnet()).unwrap();
        assert_eq!(manifest.limits, super::Limits::default());
        let text = serde_json::to_string(&manifest).unwrap();
        assert!(text.contains("vnd.oci.image.layer.v1.tar+gzip"), "{text}");
        assert_eq!(serde_json::from_str::<Manifest>(&text).unwrap(), manifest);
    }

    #[test]
    fn what_does_not_fit_is_refused_with_the_reason() {
        let port =
            |number: u16, published: u16| json!({ "number": number, "published": published });
        for (pointer, value, reason) in [
            ("/privileged", json!(true), "unknown field `privileged`"),
            (
                "/profile",
                json!({ "kind": "hardened", "capabilities": ["SYS_ADMIN"] }),
                "SYS_ADMIN",
            ),
            (
                "/profile",
                json!({ "kind": "hardened", "raw_network": true }),
                "raw_network",
            ),
            ("/image/layers", json!([]), "1 to 127 layers"),
            (
                "/image/config/size",
                json!(u64::MAX),
                "at most 1048576 bytes",
            ),
            (
                "/ports",
                json!([port(23, 23), port(23, 24)]),
                "port 23/tcp is there twice",
            ),
            (
                "/ports",
                json!([port(23, 23), port(24, 23)]),
                "published as 23/tcp",
            ),
            ("/ports", json!([port(0, 23)]), "nonzero"),
            ("/environment", json!({ "A": "a\0b" }), "zero byte"),
            (
                "/environment",
                json!({ "SETTINGS": "" }),
                "SETTINGS is there twice",
            ),
            (
                "/limits",
                json!({ "pids": 5000 }),
                "limit pids is 1 to 4096, not 5000",
            ),
            ("/limits", json!({ "memory": 0 }), "limit memory"),
            (
                "/ready",
                json!({ "kind": "connect", "port": 24 }),
                "24/tcp is none",
            ),
            ("/ready", json!({ "kind": "runs" }), "says on which"),
            (
                "/ready",
                json!({ "kind": "answer", "port": 23, "expect": "" }),
                "1 to 4096 bytes",
            ),
            (
                "/events",
                json!({ "kind": "log", "adapter": "cowrie", "path": "/log" }),
                "no file",
            ),
            (
                "/events",
                json!({ "kind": "log", "adapter": "cowrie", "path": "/../log" }),
                "path from the root",
            ),
        ] {
            let said = refusal(pointer, value);
            assert!(said.contains(reason), "{pointer}: {said}");
        }
    }
}
