//! The life of a container, with a real engine.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use std::{
    net::{TcpListener, UdpSocket},
    sync::{Arc, atomic::Ordering},
    time::{Duration, Instant},
};

use serde_json::json;
use skep_containers::{State, Wanted};
use skep_model::{Bytes, ids::SensorId, service::SettingValue};
use support::{Outside, Sensor, Store, ask_engine, program, serving, shell, socket, wanted};

fn start() -> (Arc<Store>, Sensor) {
    program();
    let store = Arc::new(Store::default());
    let sensor = Sensor::start(SensorId::new(), &store);
    (store, sensor)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_attackers_address_is_seen_inside_over_both_protocols() {
    let (store, sensor) = start();
    let outside = Outside::new(10);
    let any = wanted(serving(&store, 22), "::", 2022);
    sensor.wanted.send_replace(vec![any.clone()]);
    sensor.until_running(&any).await;
    for (here, there) in outside.here().iter().zip(outside.there()) {
        assert_eq!(outside.greeting(here, 2022), format!("hello {there}\n"));
    }
    let printed = sensor.containers.log(any.configuration.id).await.unwrap();
    for there in outside.there() {
        let visit = format!("visited by {there}");
        assert!(printed.contains(&visit.into()), "{printed:?}");
    }

    // The container's own address leads nowhere, even for somebody who knows the way to it.
    let network = ask_engine(&format!("/networks/skep-{}", any.configuration.id));
    let inside = network["IPAM"]["Config"][0]["Gateway"]
        .as_str()
        .unwrap()
        .replace(".1", ".2");
    assert_eq!(outside.connect(&inside, 22, &[]), None, "{inside}");
    sensor.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_address_and_one_protocol_can_be_chosen() {
    let (store, sensor) = start();
    let outside = Outside::new(11);
    let [v4, v6] = outside.here();
    let only_v6 = wanted(serving(&store, 80), &v6, 8011);
    let only_v4 = wanted(serving(&store, 80), &v4, 8011);
    sensor
        .wanted
        .send_replace(vec![only_v4.clone(), only_v6.clone()]);
    sensor.until_running(&only_v4).await;
    sensor.until_running(&only_v6).await;
    let [there_v4, there_v6] = outside.there();
    assert_eq!(
        outside.connect(&v4, 8011, &[]),
        Some(format!("hello {there_v4}\n"))
    );
    assert_eq!(
        outside.connect(&v6, 8011, &[]),
        Some(format!("hello {there_v6}\n"))
    );

    sensor.wanted.send_replace(vec![only_v6.clone()]);
    sensor.containers.converge(&[only_v6]).await;
    assert_eq!(outside.connect(&v4, 8011, &[]), None);
    sensor.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_comes_in_by_an_interface_can_be_chosen() {
    let (store, sensor) = start();
    let (outside, elsewhere) = (Outside::new(19), Outside::new(20));
    let service = wanted(serving(&store, 80), "out19", 8019);
    let mut manifest = serving(&store, 4444);
    manifest["ports"] = json!([]);
    manifest["ready"] = json!({ "kind": "runs" });
    manifest["catch_all"] = json!(true);
    let catch_all = wanted(manifest, "out19", 0);
    let missing = wanted(serving(&store, 80), "no-such-0", 8019);
    let all = vec![service.clone(), catch_all.clone(), missing.clone()];
    sensor.wanted.send_replace(all);
    sensor.until_running(&service).await;
    sensor.until_running(&catch_all).await;
    let reason = sensor.until_failed(&missing).await;
    assert_eq!(reason, "this machine has no interface no-such-0");
    for (here, there) in outside.here().iter().zip(outside.there()) {
        assert_eq!(outside.greeting(here, 8019), format!("hello {there}\n"));
        assert_eq!(outside.greeting(here, 4444), format!("hello {there}\n"));
    }
    // What is asked for is the same, and it comes in elsewhere.
    let [v4, v6] = elsewhere.here();
    for here in [v4, v6, outside.here()[0].clone()] {
        for port in [8019, 4444] {
            assert_eq!(elsewhere.connect(&here, port, &[]), None, "{here} {port}");
        }
    }
    sensor.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_no_service_takes_goes_to_the_catch_all() {
    let (store, sensor) = start();
    let outside = Outside::new(18);
    let mut manifest = serving(&store, 4444);
    manifest["ports"] = json!([]);
    manifest["ready"] = json!({ "kind": "runs" });
    manifest["catch_all"] = json!(true);
    let [here, here_v6] = outside.here();
    // Others test here, too: they have addresses of their own.
    let catch_all = wanted(manifest.clone(), &here, 0);
    let second = wanted(manifest.clone(), &here, 0);
    let service = wanted(serving(&store, 22), &here, 4445);
    let own = TcpListener::bind((here.as_str(), 4446)).unwrap();
    std::thread::spawn(move || own.incoming().for_each(drop));
    let all = [catch_all.clone(), service.clone()];
    sensor.wanted.send_replace(all.to_vec());
    sensor.until_running(&catch_all).await;
    sensor.until_running(&service).await;
    let [there, there_v6] = outside.there();
    assert_eq!(outside.greeting(&here, 4444), format!("hello {there}\n"));
    assert_eq!(outside.datagram(&here, 4444), format!("hello {there}\n"));
    assert_eq!(outside.greeting(&here, 4445), format!("hello {there}\n"));
    let printed = |wanted: &Wanted| sensor.containers.log(wanted.configuration.id);
    let visits = |lines: Vec<Bytes>| {
        let visit = format!("visited by {there}").into();
        lines.iter().filter(|line| **line == visit).count()
    };
    assert_eq!(visits(printed(&service).await.unwrap()), 1);
    assert_eq!(
        outside.connect(&here, 4446, &[]).as_deref(),
        Some(""),
        "the machine's own"
    );
    assert_eq!(
        outside.connect(&here_v6, 4444, &[]),
        None,
        "another address"
    );

    sensor
        .wanted
        .send_replace([all.as_slice(), std::slice::from_ref(&second)].concat());
    let reason = sensor.until_failed(&second).await;
    assert_eq!(
        reason,
        "what no service takes goes to another instance, of imitation"
    );

    let over_v6 = wanted(manifest, &here_v6, 0);
    sensor.wanted.send_replace(vec![over_v6.clone()]);
    sensor.until_running(&over_v6).await;
    assert_eq!(
        outside.greeting(&here_v6, 4444),
        format!("hello {there_v6}\n")
    );
    assert_eq!(
        outside.datagram(&here_v6, 4444),
        format!("hello {there_v6}\n")
    );
    assert_eq!(outside.connect(&here, 4444, &[]), None);
    sensor.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_with_udp_ports_only_runs_when_they_are_not_closed() {
    let (store, sensor) = start();
    let mut open = serving(&store, 69);
    open["ports"] = json!([{ "number": 69, "published": 69, "protocol": "udp" }]);
    open["ready"] = json!({ "kind": "connect", "port": 69, "protocol": "udp" });
    let mut closed = open.clone();
    closed["image"] = store.image(&["silent"], false);
    let (open, closed) = (
        wanted(open, "0.0.0.0", 6919),
        wanted(closed, "0.0.0.0", 6920),
    );
    sensor
        .wanted
        .send_replace(vec![open.clone(), closed.clone()]);
    sensor.until_running(&open).await;
    let reason = sensor.until_failed(&closed).await;
    assert!(
        reason.starts_with(
            "it runs, and does not answer on its port 69/udp within 30 s: Connection refused"
        ),
        "{reason}"
    );
    sensor.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_container_reaches_nothing() {
    let (store, sensor) = start();
    let outside = Outside::new(12);
    let mut collecting = serving(&store, 22);
    collecting["profile"] = json!({ "kind": "honeysens" });
    collecting["events"] = json!({ "kind": "honeysens_collector" });
    let prisoner = wanted(serving(&store, 22), "0.0.0.0", 2012);
    let neighbour = wanted(collecting, "0.0.0.0", 2112);
    sensor
        .wanted
        .send_replace(vec![prisoner.clone(), neighbour.clone()]);
    sensor.until_running(&prisoner).await;
    sensor.until_running(&neighbour).await;

    let network = |id| ask_engine(&format!("/networks/skep-{id}"))["IPAM"]["Config"].clone();
    let gateway = |id| network(id)[0]["Gateway"].as_str().unwrap().to_owned();
    let gateway_v6 = |id| network(id)[1]["Gateway"].as_str().unwrap().to_owned();
    let (own, other) = (
        gateway(prisoner.configuration.id),
        gateway(neighbour.configuration.id),
    );
    let other_inside = other
        .rsplit_once('.')
        .map(|(net, last)| format!("{net}.{}", last.parse::<u8>().unwrap() + 1))
        .unwrap();
    let other_v6 = gateway_v6(neighbour.configuration.id).replace("::1", "::2");
    let own_v6 = gateway_v6(prisoner.configuration.id);

    let _serving = outside.serve(7012);
    let _host = TcpListener::bind("[::]:7112").unwrap();
    let host_udp = UdpSocket::bind("[::]:7112").unwrap();
    std::thread::spawn(move || {
        let mut bytes = [0; 100];
        while let Ok((_, from)) = host_udp.recv_from(&mut bytes) {
            let _ = host_udp.send_to(b"yes", from);
        }
    });
    let [here, here_v6] = outside.here();
    let [there, there_v6] = outside.there();
    // The way there is open, but for containers.
    for address in [&there, &there_v6] {
        let reached = std::net::TcpStream::connect(socket(address, 7012));
        assert!(reached.is_ok(), "{address}: {reached:?}");
    }
    let forbidden = [
        socket(&there, 7012),
        socket(&there_v6, 7012),
        socket(&own, 7112),
        socket(&own_v6, 7112),
        socket(&here, 7112),
        socket(&here_v6, 7112),
        socket(&here, 2112),
        socket(&other, 2112),
        socket(&other, 5556),
        socket(&other_inside, 22),
        socket(&other_v6, 22),
    ];
    let orders: Vec<_> = forbidden
        .iter()
        .flat_map(|address| [format!("tcp {address}"), format!("udp {address}")])
        .collect();
    // Side by side: each waits until it gives up.
    let outside = &outside;
    let tries: Vec<_> = std::thread::scope(|scope| {
        let running: Vec<_> = orders
            .iter()
            .map(|order| {
                scope.spawn(move || (order, outside.connect(&outside.here()[0], 2012, &[order])))
            })
            .collect();
        running.into_iter().map(|it| it.join().unwrap()).collect()
    });
    for (order, answer) in tries {
        let answer = answer.unwrap();
        let said = answer.lines().nth(1).unwrap_or_default();
        assert!(!said.is_empty() && said != "done", "{order}: {answer}");
    }
    // It is our rules that keep it in.
    let escape = format!("tcp {}", socket(&own, 7112));
    let table = skep_containers::Owner::new(sensor.id).table();
    let escaped = (0..3).any(|_| {
        // They may be renewed at any moment.
        shell(&format!("nft flush chain inet {table} confine"));
        let answer = outside.connect(&here, 2012, &[&escape]);
        answer.is_some_and(|answer| answer.ends_with("done\n"))
    });
    assert!(escaped, "without our rules it should have reached the host");
    sensor.containers.converge(&[prisoner, neighbour]).await;
    // One has a collector: nobody listens there, so that the host says so.
    let answer = outside
        .connect(&here, 2112, &[&format!("tcp {other}:5556")])
        .unwrap();
    assert!(
        answer.contains("Connection refused") || answer.contains("done"),
        "{answer}"
    );
    sensor.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hardened_container_is_hardened() {
    let (store, sensor) = start();
    let outside = Outside::new(13);
    let mut manifest = serving(&store, 22);
    manifest["settings"] = json!({ "kind": "json", "variable": "SETTINGS" });
    let mut confined = wanted(manifest, "0.0.0.0", 2013);
    confined.configuration.settings.insert(
        "banner".to_owned(),
        SettingValue::Text("SSH-2.0-\"x\"".to_owned()),
    );
    sensor.wanted.send_replace(vec![confined.clone()]);
    sensor.until_running(&confined).await;
    let answer = outside.connect(
        &outside.here()[0],
        2013,
        &[
            "write /somewhere",
            "write /tmp/here",
            "read /proc/self/status",
            "variable SETTINGS",
        ],
    );
    let answer = answer.unwrap();
    let lines: Vec<_> = answer.lines().collect();
    assert!(lines[1].contains("Read-only file system"), "{answer}");
    assert_eq!(lines[2], "done");
    // Bit 10 is the right to listen below 1024.
    for expected in [
        "CapEff:\t0000000000000400",
        "CapBnd:\t0000000000000400",
        "NoNewPrivs:\t1",
    ] {
        assert!(lines[3].contains(expected), "{answer}");
    }
    assert_eq!(lines[4], r#"{"banner":"SSH-2.0-\"x\""}"#);
    let host = ask_engine(&format!(
        "/containers/skep-{}/json",
        confined.configuration.id
    ));
    let host = &host["HostConfig"];
    assert_eq!(host["PidsLimit"], 128);
    assert_eq!(host["Memory"], 256 * 1024 * 1024);
    assert_eq!(host["MemorySwap"], 256 * 1024 * 1024);
    assert_eq!(host["NanoCpus"], 500_000_000);
    assert_eq!(host["Binds"], json!(null));
    sensor.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_container_that_does_not_listen_fails_within_30_seconds() {
    let (store, sensor) = start();
    let mut manifest = serving(&store, 22);
    manifest["image"] = store.image(&["silent"], true);
    let silent = wanted(manifest, "0.0.0.0", 2014);
    sensor.wanted.send_replace(vec![silent.clone()]);
    sensor
        .until(&silent, |state| *state == State::Starting)
        .await;
    let began = Instant::now();
    let reason = sensor.until_failed(&silent).await;
    assert!(
        began.elapsed() < Duration::from_secs(40),
        "{:?}",
        began.elapsed()
    );
    assert_eq!(
        reason,
        "it runs, and does not answer on its port 22/tcp within 30 s: Connection refused (os error 111)"
    );
    sensor.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_container_that_ends_is_restarted_less_and_less_often() {
    let (store, sensor) = start();
    let mut manifest = serving(&store, 22);
    manifest["image"] = store.image(&["exit", "7"], false);
    let ending = wanted(manifest, "0.0.0.0", 2015);
    sensor.wanted.send_replace(vec![ending.clone()]);
    let mut starts = Vec::new();
    for _ in 0..3 {
        let reason = sensor.until_failed(&ending).await;
        assert_eq!(
            reason,
            "it ended with code 7; its last words: there is no such file: \\x1b[31mhoneypot.cfg"
        );
        sensor
            .until(&ending, |state| *state == State::Starting)
            .await;
        starts.push(Instant::now());
    }
    let waits: Vec<_> = starts.windows(2).map(|two| two[1] - two[0]).collect();
    assert!(
        waits[0] >= Duration::from_secs(2) && waits[1] >= Duration::from_secs(4),
        "{waits:?}"
    );
    sensor.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_taken_port_is_named() {
    let (store, sensor) = start();
    let taken = TcpListener::bind("0.0.0.0:2016").unwrap();
    let first = wanted(serving(&store, 22), "0.0.0.0", 2016);
    let second = wanted(serving(&store, 22), "::", 2017);
    let third = wanted(serving(&store, 22), "0.0.0.0", 2017);
    sensor
        .wanted
        .send_replace(vec![first.clone(), second.clone(), third.clone()]);
    let reason = sensor.until_failed(&first).await;
    assert_eq!(
        reason,
        "port 2016/tcp is taken by another program on this machine"
    );
    sensor.until_running(&second).await;
    let reason = sensor.until_failed(&third).await;
    assert_eq!(
        reason,
        "port 2017/tcp is taken by another instance, of imitation"
    );
    drop(taken);
    sensor.until_running(&first).await;
    sensor.wanted.send_replace(vec![first, third.clone()]);
    sensor.until_running(&third).await;
    sensor.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_image_is_loaded_once_and_removed_when_nobody_needs_it() {
    let (store, sensor) = start();
    *store.pause.lock().unwrap() = Duration::from_millis(20);
    let mut manifest = serving(&store, 22);
    manifest["image"] = store.image(&["serve", "22"], true);
    let first = wanted(manifest.clone(), "0.0.0.0", 2018);
    let second = wanted(manifest, "0.0.0.0", 2019);
    sensor
        .wanted
        .send_replace(vec![first.clone(), second.clone()]);
    let mut seen = Vec::new();
    let progress = |state: &State| matches!(state, State::Loading(progress) if progress.done > 0);
    seen.push(
        sensor
            .until(&first, |state| progress(state) || *state == State::Running)
            .await,
    );
    sensor.until_running(&first).await;
    sensor.until_running(&second).await;
    assert_eq!(
        store.fetched.load(Ordering::SeqCst),
        2,
        "one configuration, one layer"
    );
    let images = || ask_engine("/images/json").to_string();
    let name = skep_containers::Owner::new(sensor.id).image(&first.manifest.image.manifest);
    assert!(images().contains(&name));

    sensor
        .containers
        .converge(std::slice::from_ref(&second))
        .await;
    assert!(images().contains(&name), "another instance has it");
    sensor.end().await;
    assert!(!images().contains(&name));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_layer_is_not_loaded() {
    let (store, sensor) = start();
    store.damaged.store(true, Ordering::SeqCst);
    let damaged = wanted(serving(&store, 22), "0.0.0.0", 2020);
    sensor.wanted.send_replace(vec![damaged.clone()]);
    let reason = sensor.until_failed(&damaged).await;
    let digest = &damaged.manifest.image.config.digest;
    assert!(
        reason.contains(&format!("{digest} is not what came")),
        "{reason}"
    );
    let name = skep_containers::Owner::new(sensor.id).image(&damaged.manifest.image.manifest);
    assert!(!ask_engine("/images/json").to_string().contains(&name));
    store.damaged.store(false, Ordering::SeqCst);
    sensor.until_running(&damaged).await;
    sensor.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sensor_that_was_killed_takes_up_its_own_and_nobody_elses() {
    let (store, sensor) = start();
    let (id, stays, goes) = (
        sensor.id,
        wanted(serving(&store, 22), "0.0.0.0", 2021),
        wanted(serving(&store, 22), "0.0.0.0", 2022 + 100),
    );
    sensor
        .wanted
        .send_replace(vec![stays.clone(), goes.clone()]);
    sensor.until_running(&stays).await;
    sensor.until_running(&goes).await;
    let started = |id| {
        let container = ask_engine(&format!("/containers/skep-{id}/json"));
        container["State"]["StartedAt"].clone()
    };
    let before = started(stays.configuration.id);
    sensor.running.abort();
    drop(sensor);

    let neighbours = Sensor::start(SensorId::new(), &store);
    neighbours.containers.converge(&[]).await;
    let again = Sensor::start_with(id, &store, vec![stays.clone()]);
    again.until_running(&stays).await;
    assert_eq!(
        started(stays.configuration.id),
        before,
        "it was not restarted"
    );
    let containers = ask_engine("/containers/json?all=1").to_string();
    assert!(
        !containers.contains(&goes.configuration.id.to_string()),
        "{containers}"
    );

    let mut changed = stays.clone();
    changed.configuration.revision = 2;
    again.wanted.send_replace(vec![changed.clone()]);
    again
        .until(&changed, |state| *state == State::Starting)
        .await;
    again.until_running(&changed).await;
    assert_ne!(
        started(changed.configuration.id),
        before,
        "it was made anew"
    );
    again.end().await;
    neighbours.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_end_of_a_long_log_is_given_out() {
    let (store, sensor) = start();
    let mut manifest = serving(&store, 80);
    manifest["image"] = store.image(&["print", "1000"], false);
    let chatty = wanted(manifest, "0.0.0.0", 2023);
    sensor.wanted.send_replace(vec![chatty.clone()]);
    sensor.until_running(&chatty).await;
    let printed = sensor
        .containers
        .log(chatty.configuration.id)
        .await
        .unwrap();
    assert_eq!(printed.len(), 200);
    assert!(printed.contains(&"line 999".into()), "{printed:?}");
    assert!(!printed.contains(&"line 799".into()), "{printed:?}");
    sensor.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rules_that_somebody_flushed_come_back() {
    let (store, sensor) = start();
    let outside = Outside::new(14);
    let confined = wanted(serving(&store, 22), "::", 2024);
    sensor.wanted.send_replace(vec![confined.clone()]);
    sensor.until_running(&confined).await;
    let table = skep_containers::Owner::new(sensor.id).table();
    shell(&format!("nft delete table inet {table}"));
    sensor.containers.converge(&[confined]).await;
    assert!(shell("nft list tables").contains(&table));
    let [_, there] = outside.there();
    assert_eq!(
        outside.greeting(&outside.here()[1], 2024),
        format!("hello {there}\n")
    );
    sensor.end().await;
}
