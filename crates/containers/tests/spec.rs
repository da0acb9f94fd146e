//! What the engine and the firewall are told, written out for every kind of manifest.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use insta::assert_json_snapshot;
use serde_json::{Value, json};
use skep_containers::{
    Owner, Permissions, Wanted,
    firewall::{Opening, rules},
    spec::{Storage, container},
    subnet::{self, Subnets},
};
use skep_model::{listen::InterfaceName, service::SettingValue};
use skep_protocol::manifest::Capability;

fn owner() -> Owner {
    Owner::new("0199d7a0-0000-7000-8000-00000000beef".parse().unwrap())
}

fn subnets() -> Subnets {
    let sensor = "0199d7a0-0000-7000-8000-00000000beef".parse().unwrap();
    subnet::free(sensor, true, &[]).next().unwrap()
}

fn wanted(changes: &Value, address: &str) -> Wanted {
    let digest = |digit: &str| format!("sha256:{}", digit.repeat(64));
    let mut manifest = json!({
        "image": {
            "manifest": digest("a"),
            "config": { "digest": digest("b"), "size": 1000 },
            "layers": [{
                "digest": digest("c"),
                "size": 100_000,
                "media_type": "application/vnd.oci.image.layer.v1.tar+gzip",
            }],
            "architecture": "aarch64",
        },
        "profile": { "kind": "compatible" },
        "ports": [
            { "number": 2222, "published": 22 },
            { "number": 69, "published": 69, "protocol": "udp" },
        ],
        "environment": { "LANG": "C.UTF-8" },
        "events": { "kind": "json_lines" },
        "ready": { "kind": "connect", "port": 2222 },
        "settings": { "kind": "variables", "names": { "banner": "BANNER", "users": "USERS" } },
    });
    for (key, value) in changes.as_object().unwrap() {
        manifest[key] = value.clone();
    }
    let configuration = json!({
        "id": "0199d7a0-0000-7000-8000-000000c0ffee",
        "service": "cowrie",
        "revision": 3,
        "address": address,
        "ports": [
            { "number": 22, "transport": "tcp" },
            { "number": 1069, "transport": "udp" },
        ],
        "settings": { "banner": "SSH-2.0-OpenSSH_9.2", "users": ["root", "pi"] },
    });
    Wanted {
        configuration: serde_json::from_value(configuration).unwrap(),
        manifest: serde_json::from_value(manifest).unwrap(),
        allowed: Permissions::default(),
    }
}

fn body(wanted: &Wanted, storage: Storage) -> Value {
    let body = container(owner(), wanted, &subnets(), storage).unwrap();
    // Through a value, which is ordered.
    without_nulls(serde_json::to_value(body).unwrap())
}

fn without_nulls(value: Value) -> Value {
    match value {
        Value::Object(fields) => fields
            .into_iter()
            .filter(|(_, value)| !value.is_null())
            .map(|(key, value)| (key, without_nulls(value)))
            .collect(),
        other => other,
    }
}

#[test]
fn hardened() {
    let profile = json!({ "kind": "hardened", "capabilities": ["NET_BIND_SERVICE", "NET_RAW"] });
    let mut wanted = wanted(&json!({ "profile": profile }), "0.0.0.0");
    wanted.allowed.capabilities = [Capability::NetBindService, Capability::Chown].into();
    assert_json_snapshot!(body(&wanted, Storage::Bounded));
}

#[test]
fn compatible_where_storage_is_bounded() {
    assert_json_snapshot!(body(&wanted(&json!({}), "::"), Storage::Bounded));
}

#[test]
fn compatible_where_it_is_not() {
    let body = body(&wanted(&json!({}), "192.0.2.1"), Storage::Unbounded);
    assert_eq!(body["HostConfig"].get("StorageOpt"), None);
}

#[test]
fn honeysens() {
    let changes = json!({
        "profile": { "kind": "honeysens" },
        "events": { "kind": "honeysens_collector" },
    });
    assert_json_snapshot!(body(&wanted(&changes, "0.0.0.0"), Storage::Unbounded));
}

#[test]
fn honeysens_on_the_hosts_own_network() {
    let changes = json!({
        "profile": { "kind": "honeysens", "raw_network": true },
        "events": { "kind": "honeysens_collector" },
        "limits": { "pids": 10, "memory": 67_108_864, "cpu_percent": 150, "writable": 1_048_576 },
    });
    let mut asking = wanted(&changes, "0.0.0.0");
    assert_eq!(
        body(&asking, Storage::Bounded)["HostConfig"]["NetworkMode"],
        json!("skep-0199d7a0-0000-7000-8000-000000c0ffee")
    );
    asking.allowed.raw_network = InterfaceName::new("eth1");
    assert_json_snapshot!(body(&asking, Storage::Bounded));
}

#[test]
fn settings_as_one_object() {
    let changes = json!({ "settings": { "kind": "json", "variable": "SETTINGS" } });
    let body = body(&wanted(&changes, "0.0.0.0"), Storage::Bounded);
    assert_eq!(
        body["Env"],
        json!([
            "LANG=C.UTF-8",
            r#"SETTINGS={"banner":"SSH-2.0-OpenSSH_9.2","users":["root","pi"]}"#
        ])
    );
}

#[test]
fn what_cannot_be_has_a_reason() {
    let refusal = |wanted: &Wanted| {
        let publications = wanted.publications();
        let body = container(owner(), wanted, &subnets(), Storage::Bounded);
        publications.err().or(body.err()).unwrap()
    };
    let mut fewer = wanted(&json!({}), "0.0.0.0");
    fewer.configuration.ports.pop();
    assert_eq!(
        refusal(&fewer),
        "the service has 2 ports (by default 22/tcp 69/udp): give it as many, in the same order"
    );
    let mut swapped = wanted(&json!({}), "0.0.0.0");
    swapped.configuration.ports.reverse();
    assert!(refusal(&swapped).contains("in the same order"));
    assert!(refusal(&wanted(&json!({}), "127.0.0.1")).contains("cannot be reached at 127.0.0.1"));
    let mut unknown = wanted(&json!({}), "0.0.0.0");
    unknown
        .configuration
        .settings
        .insert("PATH".to_owned(), SettingValue::Text("/".to_owned()));
    assert_eq!(refusal(&unknown), "the service has no setting PATH");
    let mut zero = wanted(&json!({}), "0.0.0.0");
    zero.configuration
        .settings
        .insert("banner".to_owned(), SettingValue::Text("a\0b".to_owned()));
    assert_eq!(
        refusal(&zero),
        "the settings for BANNER have a zero byte in them"
    );
}

#[test]
fn firewall() {
    let opening = |address: &str, bridge: &str, collector| {
        let wanted = wanted(&json!({}), address);
        Opening {
            bridge: bridge.to_owned(),
            subnets: subnets(),
            collector,
            publications: wanted.publications().unwrap(),
            rest: wanted.catches_rest_of(),
        }
    };
    let mut catch_all = opening("2001:db8::1", "skep-beef000004", false);
    catch_all.rest = wanted(&json!({ "catch_all": true }), "::").catches_rest_of();
    let openings = [
        opening("::", "skep-beef000001", true),
        opening("192.0.2.1", "skep-beef000002", false),
        opening("2001:db8::1", "skep-beef000003", false),
        catch_all,
        opening("eth1.42", "skep-beef000005", false),
    ];
    insta::assert_snapshot!(rules(owner(), &openings));
}
