//! The engine is killed, again and again, at any point.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use skep_containers::State;
use skep_model::ids::SensorId;
use support::{
    Outside, Sensor, Store, engine_is_back, kill_engine, labelled, program, serving, wanted,
};

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wanted_runs_again_whenever_the_engine_was_killed() {
    program();
    let store = Arc::new(Store::default());
    let sensor = Sensor::start(SensorId::new(), &store);
    let outside = Outside::new(20);
    let [here, _] = outside.here();
    let first = wanted(serving(&store, 22), "0.0.0.0", 2030);
    sensor.wanted.send_replace(vec![first.clone()]);
    sensor.until_running(&first).await;

    kill_engine();
    let reason = sensor.until_failed(&first).await;
    assert!(
        reason.starts_with("the container engine does not answer"),
        "{reason}"
    );
    sensor.until_running(&first).await;
    assert_eq!(outside.greeting(&here, 2030), "hello 203.0.20.99\n");

    // Loading, creating, starting, answering, removing: whatever it is at then.
    *store.pause.lock().unwrap() = Duration::from_millis(20);
    let mut before = first;
    for (round, delay) in [0, 100, 300, 600, 1000].into_iter().enumerate() {
        let port = 2031 + u16::try_from(round).unwrap();
        let mut manifest = serving(&store, 22);
        manifest["image"] = store.image(&["serve", "22"], round % 2 == 0);
        let next = wanted(manifest, "0.0.0.0", port);
        sensor.wanted.send_replace(vec![next.clone()]);
        tokio::time::sleep(Duration::from_millis(delay)).await;
        kill_engine();
        tokio::time::sleep(Duration::from_millis(300)).await;
        engine_is_back();
        sensor.until_running(&next).await;
        assert_eq!(outside.greeting(&here, port), "hello 203.0.20.99\n");
        let end = Instant::now() + Duration::from_secs(30);
        loop {
            let containers = labelled("/containers/json?all=1&", &sensor.id.to_string());
            let names: Vec<_> = containers
                .iter()
                .map(|container| container["Names"][0].as_str().unwrap().to_owned())
                .collect();
            if names == [format!("/skep-{}", next.configuration.id)] {
                break;
            }
            assert!(Instant::now() < end, "after {delay} ms: {names:?}");
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        assert_eq!(
            outside.connect(&here, before.configuration.ports[0].number, &[]),
            None
        );
        before = next;
    }
    assert_eq!(
        sensor.containers.states().borrow()[&before.configuration.id],
        State::Running
    );
    sensor.end().await;
}
