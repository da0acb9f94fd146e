//! From a signed batch to the API: once, whole, in order; and what does not fit, to quarantine.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    missing_docs,
    reason = "a test may fail"
)]

mod support;

use reqwest::StatusCode;
use serde_json::{Value, json};
use skep_hub::Actor;
use skep_model::{InteractionKind, Timestamp, ids::EventId, user::Role};
use skep_protocol::part::Part;
use support::{Engine, TestApp, command, extend, login, random};

on_both!(
    an_event_opens_grows_and_closes,
    a_poison_part_costs_itself_alone,
    what_comes_twice_is_stored_once,
    a_restart_closes_what_was_open,
    a_sensor_cannot_touch_anothers_events,
    requests_are_taken_once_and_only_from_whom_they_say,
    rollups_count_what_was_seen,
    a_list_pages_by_key_under_any_filter,
);

async fn an_event_opens_grows_and_closes(engine: Engine) {
    let app = TestApp::start(engine).await;
    let foreign = app.another_group("foreign").await;
    let token = app.token_for(Role::Observer, vec![foreign]).await;
    let admin = app.token(Role::Admin).await;
    let mut sensor = app.sensor("one", app.group().await).await;
    let event = EventId::new();

    sensor.send(&app, &[sensor.open(event, vec![])]).await;
    let shown = app
        .api_json(&format!("/api/v1/events/{event}"), &admin)
        .await;
    assert_eq!(
        (&shown["classification"], &shown["ended_at"]),
        (&json!("connection"), &Value::Null)
    );

    let hostile = b"\0\xff</script>\xe2\x80\xae'\"";
    sensor
        .send(
            &app,
            &[extend(
                event,
                0,
                vec![
                    login(b"root", hostile, false),
                    login(b"root", b"root", true),
                ],
            )],
        )
        .await;
    sensor
        .send(
            &app,
            &[
                extend(event, 2, vec![command(b"uname -a")]),
                Part::Close {
                    event,
                    at: Timestamp::now(),
                },
            ],
        )
        .await;

    let shown = app
        .api_json(&format!("/api/v1/events/{event}"), &admin)
        .await;
    assert_eq!(shown["classification"], "honeypot");
    assert_eq!(shown["severity"], "critical");
    assert_eq!(shown["summary"], "Login accepted: root / root, 1 command");
    assert!(shown["ended_at"].is_string());
    let secret = &shown["interactions"][0]["secret"];
    assert_eq!(secret["text"], "\\x00\\xff</script>\\u{202E}'\"");
    assert_eq!(
        secret["base64"],
        serde_json::to_value(skep_model::Bytes(hostile.to_vec())).unwrap()
    );
    assert_eq!(shown["interactions"][2]["line"]["text"], "uname -a");

    // A token of another group sees nothing.
    assert_eq!(
        app.api(&format!("/api/v1/events/{event}"), &token)
            .await
            .status(),
        StatusCode::NOT_FOUND
    );
    assert_eq!(
        app.api_json("/api/v1/events", &token).await["items"],
        json!([])
    );
}

async fn a_poison_part_costs_itself_alone(engine: Engine) {
    let app = TestApp::start(engine).await;
    let token = app.token(Role::Admin).await;
    let mut sensor = app.sensor("one", app.group().await).await;
    for poison in [
        json!({ "part": "open", "event": "not an id" }),
        json!("\u{0}"),
        json!({ "part": "extend", "event": EventId::new(), "first": 0, "interactions": [{ "at": 1, "kind": "connect" }] }),
        serde_json::to_value(extend(EventId::new(), 0, vec![InteractionKind::Connect])).unwrap(),
    ] {
        let before = app.count("SELECT COUNT(*) FROM events").await;
        let quarantined = app
            .hub
            .quarantine(&Actor::command_line(), None)
            .await
            .unwrap()
            .len();
        let mut parts: Vec<Value> = (0..99)
            .map(|_| {
                serde_json::to_value(sensor.open(EventId::new(), vec![command(b"id")])).unwrap()
            })
            .collect();
        parts.insert(40, poison.clone());
        let accepted = sensor.send_raw(&app, &parts).await;
        assert_eq!(
            (accepted.seq, accepted.quarantined),
            (sensor.next - 1, 1),
            "{poison}"
        );
        assert_eq!(
            app.count("SELECT COUNT(*) FROM events").await - before,
            99,
            "{poison}"
        );
        let kept = app
            .hub
            .quarantine(&Actor::command_line(), None)
            .await
            .unwrap();
        assert_eq!(kept.len(), quarantined + 1);
        assert_eq!(
            serde_json::from_slice::<Value>(&kept[0].raw.0).unwrap(),
            poison
        );
        assert!(!kept[0].reason.is_empty());
    }
    assert_eq!(
        app.api_json("/api/v1/events?limit=200", &token).await["items"]
            .as_array()
            .unwrap()
            .len(),
        200
    );
}

async fn what_comes_twice_is_stored_once(engine: Engine) {
    let app = TestApp::start(engine).await;
    let mut sensor = app.sensor("one", app.group().await).await;
    let event = EventId::new();
    let parts: Vec<Value> = [
        sensor.open(event, vec![]),
        extend(event, 0, vec![command(b"a")]),
        extend(event, 1, vec![command(b"b")]),
    ]
    .iter()
    .map(|part| serde_json::to_value(part).unwrap())
    .collect();
    sensor.send_raw(&app, &parts[..2]).await;
    // The answer was lost: the sensor sends the same again, and more.
    for _ in 0..3 {
        let body = sensor.batch(1, &parts);
        let answer = sensor
            .post(&app, "/sensor/v1/events", &body, Timestamp::now(), random())
            .await;
        let accepted: Value = answer.json().await.unwrap();
        assert_eq!(
            (&accepted["seq"], &accepted["quarantined"]),
            (&json!(3), &json!(0))
        );
    }
    assert_eq!(app.count("SELECT COUNT(*) FROM events").await, 1);
    assert_eq!(app.count("SELECT COUNT(*) FROM interactions").await, 2);
    assert_eq!(
        app.count(
            "SELECT CAST(SUM(count) AS BIGINT) FROM rollup_values WHERE field = 5 AND span = 0"
        )
        .await,
        2
    );
}

async fn a_restart_closes_what_was_open(engine: Engine) {
    let app = TestApp::start(engine).await;
    let mut sensor = app.sensor("one", app.group().await).await;
    let mut other = app.sensor("two", app.group().await).await;
    let (mine, others) = (EventId::new(), EventId::new());
    sensor
        .send(&app, &[sensor.open(mine, vec![command(b"id")])])
        .await;
    other.send(&app, &[other.open(others, vec![])]).await;
    sensor
        .send(
            &app,
            &[Part::Restart {
                at: Timestamp::now(),
            }],
        )
        .await;
    let actor = Actor::command_line();
    let closed = app.hub.event(&actor, mine).await.unwrap();
    assert_eq!(closed.row.ended_at, Some(closed.interactions[0].at));
    assert_eq!(
        app.hub.event(&actor, others).await.unwrap().row.ended_at,
        None
    );
}

async fn a_sensor_cannot_touch_anothers_events(engine: Engine) {
    let app = TestApp::start(engine).await;
    let mut sensor = app.sensor("one", app.group().await).await;
    let mut thief = app.sensor("two", app.group().await).await;
    let event = EventId::new();
    sensor.send(&app, &[sensor.open(event, vec![])]).await;
    let stolen_instance = Part::Open {
        event: EventId::new(),
        at: Timestamp::now(),
        encounter: sensor.encounter("192.0.2.9"),
        interactions: vec![],
    };
    let accepted = thief
        .send(
            &app,
            &[
                extend(event, 0, vec![command(b"x")]),
                Part::Close {
                    event,
                    at: Timestamp::now(),
                },
                thief.open(event, vec![]),
                stolen_instance,
            ],
        )
        .await;
    assert_eq!(accepted.quarantined, 4);
    let kept = app.hub.event(&Actor::command_line(), event).await.unwrap();
    assert_eq!((kept.interactions.len(), kept.row.ended_at), (0, None));
    assert_eq!(app.count("SELECT COUNT(*) FROM events").await, 1);
}

async fn requests_are_taken_once_and_only_from_whom_they_say(engine: Engine) {
    let app = TestApp::start(engine).await;
    let sensor = app.sensor("one", app.group().await).await;
    let other = app.sensor("two", app.group().await).await;
    let path = "/sensor/v1/events";
    let body = sensor.batch(1, &[]);
    let kind = async |answer: reqwest::Response| {
        let status = answer.status().as_u16();
        (
            status,
            answer.json::<Value>().await.unwrap()["type"]
                .as_str()
                .unwrap_or("none")
                .to_owned(),
        )
    };
    let now = Timestamp::now();

    let nonce = random();
    assert_eq!(
        sensor.post(&app, path, &body, now, nonce).await.status(),
        StatusCode::OK
    );
    assert_eq!(
        kind(sensor.post(&app, path, &body, now, nonce).await).await,
        (401, "replay".to_owned())
    );

    let late = Timestamp(now.0 - 61_000 - 2000);
    assert_eq!(
        kind(sensor.post(&app, path, &body, late, random()).await).await,
        (401, "clock".to_owned())
    );

    let impostor = support::TestSensor {
        id: sensor.id,
        key: other.key.clone(),
        epoch: sensor.epoch,
        next: 1,
        instance: sensor.instance,
    };
    assert_eq!(
        kind(impostor.post(&app, path, &body, now, random()).await).await,
        (401, "signature".to_owned())
    );

    let headers =
        skep_protocol::signature::sign(&sensor.key, sensor.id, "POST", path, &body, now, &random());
    let answer = app
        .http
        .post(format!("{}{path}", app.url))
        .header("content-digest", headers.content_digest)
        .header("signature-input", headers.signature_input)
        .header("signature", headers.signature)
        .body("{}")
        .send()
        .await
        .unwrap();
    assert_eq!(kind(answer).await, (401, "signature".to_owned()));

    app.hub
        .revoke_sensor(&Actor::command_line(), sensor.id)
        .await
        .unwrap();
    assert_eq!(
        kind(sensor.post(&app, path, &body, now, random()).await).await,
        (403, "revoked".to_owned())
    );
    assert_eq!(
        other.post(&app, path, &body, now, random()).await.status(),
        StatusCode::OK
    );

    let too_long = vec![b' '; skep_model::limits::BATCH + 1];
    assert_eq!(
        kind(other.post(&app, path, &too_long, now, random()).await).await,
        (413, "too-large".to_owned())
    );
}

async fn rollups_count_what_was_seen(engine: Engine) {
    let app = TestApp::start(engine).await;
    let mut sensor = app.sensor("one", app.group().await).await;
    let (first, second) = (EventId::new(), EventId::new());
    sensor
        .send(
            &app,
            &[sensor.open(first, vec![]), sensor.open(second, vec![])],
        )
        .await;
    sensor
        .send(
            &app,
            &[extend(
                first,
                0,
                vec![
                    login(b"root", b"1234", false),
                    login(b"root", b"toor", false),
                ],
            )],
        )
        .await;
    let dashboard = app.hub.dashboard(&Actor::command_line()).await.unwrap();
    let by_class: Vec<u64> = (0..5)
        .map(|class| dashboard.hours.iter().map(|hour| hour.counts[class]).sum())
        .collect();
    assert_eq!(by_class, [0, 0, 1, 1, 0]);
    assert_eq!(
        (
            dashboard.last_day,
            dashboard.total.number,
            dashboard.logins,
            dashboard.sources.number
        ),
        (2, 2, 2, 1)
    );
    assert_eq!(dashboard.users, [(b"root".as_slice().into(), 2)]);
    assert_eq!(dashboard.services, [("ssh".parse().unwrap(), 2)]);
    assert_eq!(dashboard.top_sources, [("192.0.2.7".parse().unwrap(), 2)]);
}

async fn a_list_pages_by_key_under_any_filter(engine: Engine) {
    let app = TestApp::start(engine).await;
    let token = app.token(Role::Admin).await;
    let mut sensor = app.sensor("one", app.group().await).await;
    // Many events of one millisecond: only the number tells them apart.
    let at = Timestamp::now();
    let parts: Vec<Part> = (0..25)
        .map(|n| Part::Open {
            event: EventId::new(),
            at,
            encounter: sensor.encounter(if n % 5 == 0 {
                "2001:db8::1"
            } else {
                "192.0.2.7"
            }),
            interactions: if n % 2 == 0 {
                support::steps(vec![command(b"id")])
            } else {
                vec![]
            },
        })
        .collect();
    sensor.send(&app, &parts).await;
    for (filter, expected) in [
        ("", 25),
        ("&source=2001:db8::1", 5),
        ("&source=::ffff:192.0.2.7", 20),
        ("&source=192.0.2.0/24", 20),
        ("&source=192.0.2.8/31", 0),
        ("&source=0.0.0.0/0", 20),
        ("&source=2001:db8::/32", 5),
        ("&source=::/0", 25),
        ("&classification=honeypot", 13),
        ("&classification=honeypot,connection", 25),
        ("&service=ssh&severity=high", 13),
        ("&service=telnet", 0),
        ("&status=new&since=1h", 25),
        ("&status=resolved", 0),
    ] {
        let mut numbers = vec![];
        let mut cursor = String::new();
        loop {
            let page = app
                .api_json(&format!("/api/v1/events?limit=4{filter}{cursor}"), &token)
                .await;
            numbers.extend(
                page["items"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .map(|event| event["number"].as_i64().unwrap()),
            );
            match page["next"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => break,
            }
        }
        assert_eq!(numbers.len(), expected, "{filter}");
        assert!(numbers.is_sorted_by(|a, b| a > b), "{filter}: {numbers:?}");
    }
    let counted = app
        .api_json(
            "/api/v1/events?limit=1&total=true&source=192.0.2.0/24",
            &token,
        )
        .await;
    assert_eq!(
        counted["total"],
        serde_json::json!({ "number": 20, "more": false })
    );
    let bad = app.api("/api/v1/events?status=old", &token).await;
    assert_eq!(bad.status(), StatusCode::BAD_REQUEST);
    assert_eq!(bad.headers()["content-type"], "application/problem+json");
}
