//! Services whose honeypots are images: uploaded, deployed, fetched by sensors, on both databases.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    missing_docs,
    reason = "a test may fail"
)]

#[path = "images/archives.rs"]
mod archives;
#[path = "images/requests.rs"]
mod requests;
mod support;

use std::time::{Duration, Instant};

use archives::{Image, digest};
use requests::{add, deploy, edit, files, instance, poll, remove, sensor, upload};
use reqwest::StatusCode;
use serde_json::{Value, json};
use skep_model::user::Role;
use support::{Engine, TestApp};

on_both!(
    an_archive_becomes_a_service_that_its_sensors_fetch,
    another_revision_is_told_to_whoever_runs_the_service,
    the_console_uploads_in_parts_and_sees_how_full_the_registry_is,
    a_refused_archive_leaves_nothing,
    a_refused_change_changes_nothing,
    an_image_of_docker_needs_a_few_words,
    a_service_may_have_udp_ports_only,
    an_image_may_log_to_a_file,
    what_sensors_run_stays_and_the_rest_can_go,
    programs_push_and_pull_with_a_token,
    rights_are_given_and_taken_back,
);

async fn an_archive_becomes_a_service_that_its_sensors_fetch(engine: Engine) {
    let app = TestApp::start(engine).await;
    let admin = app.token(Role::Admin).await;
    let manager = app.token(Role::Manager).await;
    let image = Image::new("amd64", "one");
    let (status, made) = upload(
        &app,
        &admin,
        "?level=high",
        image.honeysens("Pot &amp; Kettle", "amd64", "2.4.0"),
    )
    .await;
    assert_eq!(status, StatusCode::CREATED, "{made}");
    assert_eq!(made["name"], "pot-kettle");
    assert_eq!(made["description"], "An <imitated> shell");
    assert_eq!(
        (&made["level"], &made["revision"]),
        (&json!("high"), &json!(1))
    );
    assert_eq!(made["revisions"][0]["label"], "2.4.0");
    assert_eq!(made["revisions"][0]["images"][0]["architecture"], "x86_64");
    let listed = app.api_json("/api/v1/services", &manager).await;
    let listed = listed["items"]
        .as_array()
        .unwrap()
        .iter()
        .find(|service| service["name"] == "pot-kettle");
    let ports = json!([{ "number": 22, "transport": "tcp" }, { "number": 53, "transport": "udp" }]);
    assert_eq!(listed.unwrap()["ports"], ports);

    let one = sensor(&app, "one", "x86_64").await;
    let two = sensor(&app, "two", "x86_64").await;
    let (status, done) = add(&app, &manager, &one, "pot-kettle").await;
    assert_eq!(status, StatusCode::OK, "{done}");
    let told = poll(&app, &one, "x86_64", 1, true).await;
    let told = instance(&told, "pot-kettle");
    assert_eq!((&told["revision"], &told["ports"]), (&json!(1), &ports));
    let manifest = &told["image"]["manifest"];
    assert_eq!(
        manifest["profile"],
        json!({ "kind": "honeysens", "raw_network": false })
    );
    assert_eq!(manifest["events"], json!({ "kind": "honeysens_collector" }));
    assert_eq!(
        manifest["ready"],
        json!({ "kind": "connect", "port": 2222, "protocol": "tcp" })
    );
    assert_eq!(
        manifest["ports"][0],
        json!({ "number": 2222, "protocol": "tcp", "published": 22 })
    );
    let used = app.api_json("/api/v1/services/pot-kettle", &admin).await;
    assert_eq!(used["sensors"], json!([{ "id": one.id, "name": "one" }]));

    // Every blob is there for the sensor that runs it, and for no other.
    let content = &manifest["image"];
    let layers = content["layers"].as_array().unwrap();
    assert_eq!(layers.len(), 2);
    let blobs = [
        (&content["config"], &image.config),
        (&layers[0], &image.layers[0]),
        (&layers[1], &image.layers[1]),
    ];
    for (blob, bytes) in blobs {
        assert_eq!(blob["digest"], digest(bytes));
        let path = format!("/sensor/v1/blobs/{}", blob["digest"].as_str().unwrap());
        let answer = one.get(&app, &path).await;
        assert_eq!(answer.status(), StatusCode::OK);
        assert_eq!(answer.headers()["content-length"], bytes.len().to_string());
        assert!(answer.bytes().await.unwrap() == *bytes, "{path}");
        assert_eq!(two.get(&app, &path).await.status(), StatusCode::NOT_FOUND);
        let unsigned = app
            .http
            .get(format!("{}{path}", app.url))
            .send()
            .await
            .unwrap();
        assert_eq!(unsigned.status(), StatusCode::UNAUTHORIZED);
    }
    // What was lost comes back with its archive, and nothing else changes.
    let config = format!("/sensor/v1/blobs/{}", digest(&image.config));
    std::fs::remove_dir_all(app.data().join("registry/objects")).unwrap();
    assert_eq!(one.get(&app, &config).await.status(), StatusCode::NOT_FOUND);
    let archive = image.honeysens("Pot &amp; Kettle", "amd64", "2.4.0");
    let (status, again) = upload(&app, &admin, "", archive).await;
    assert_eq!((status, &again), (StatusCode::CREATED, &used));
    assert_eq!(one.get(&app, &config).await.status(), StatusCode::OK);
    for other in [
        "/sensor/v1/blobs/sha256:00",
        "/sensor/v1/blobs/..%2f..%2fskep.db",
    ] {
        assert_eq!(
            one.get(&app, other).await.status(),
            StatusCode::NOT_FOUND,
            "{other}"
        );
    }
    // Not any more when it shall not run it any more.
    let removal = json!([{ "change": "remove", "sensor": one.id, "instance": told["id"] }]);
    assert_eq!(deploy(&app, &manager, removal).await.0, StatusCode::OK);
    assert_eq!(one.get(&app, &config).await.status(), StatusCode::NOT_FOUND);
    let log = app.api_json("/api/v1/audit?kind=service", &admin).await;
    assert_eq!(log["items"][0]["action"], "upload", "{log}");
}

async fn another_revision_is_told_to_whoever_runs_the_service(engine: Engine) {
    let app = TestApp::start(engine).await;
    let admin = app.token(Role::Admin).await;
    for (processor, revision) in [
        ("amd64", "1.0"),
        ("arm64", "1.0"),
        ("amd64", "1.1"),
        ("amd64", "1.2"),
        ("arm64", "1.2"),
    ] {
        let image = Image::new(processor, revision);
        let (status, made) = upload(
            &app,
            &admin,
            "",
            image.honeysens("pot", processor, revision),
        )
        .await;
        assert_eq!(status, StatusCode::CREATED, "{made}");
        assert_eq!(made["revision"], 1, "what sensors run stays");
    }
    let [one, two] = [
        sensor(&app, "one", "x86_64").await,
        sensor(&app, "two", "aarch64").await,
    ];
    for sensor in [&one, &two] {
        let (status, done) = add(&app, &admin, sensor, "pot").await;
        assert_eq!(status, StatusCode::OK, "{done}");
    }
    let before = [
        poll(&app, &one, "x86_64", 1, true).await,
        poll(&app, &two, "aarch64", 1, true).await,
    ];
    let digest_of =
        |told: &Value| instance(told, "pot")["image"]["manifest"]["image"]["manifest"].clone();
    assert_ne!(
        digest_of(&before[0]),
        digest_of(&before[1]),
        "each has an image for its processor"
    );

    let (status, refused) = edit(&app, &admin, "pot", json!({ "revision": 2 })).await;
    assert_eq!(
        status,
        StatusCode::UNPROCESSABLE_ENTITY,
        "one has no image: {refused}"
    );
    let (status, _) = edit(&app, &admin, "pot", json!({ "revision": 9 })).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    let begun = Instant::now();
    let (first, second, (status, edited)) = tokio::join!(
        poll(&app, &one, "x86_64", 2, false),
        poll(&app, &two, "aarch64", 2, false),
        async {
            tokio::time::sleep(Duration::from_millis(300)).await;
            edit(
                &app,
                &admin,
                "pot",
                json!({ "revision": 3, "description": "new", "level": "low" }),
            )
            .await
        }
    );
    assert!(
        begun.elapsed() < Duration::from_secs(5),
        "held polls were answered"
    );
    assert_eq!(status, StatusCode::OK, "{edited}");
    assert_eq!(
        (&edited["revision"], &edited["description"]),
        (&json!(3), &json!("new"))
    );
    for (told, before) in [first, second].iter().zip(&before) {
        assert_eq!(told["configuration"]["revision"], 3);
        assert_eq!(instance(told, "pot")["revision"], 3);
        assert_ne!(digest_of(told), digest_of(before));
    }
}

/// What a refusal must not change: images, services, what sensors are told, the audit log, the registry's files.
async fn kept(app: &TestApp) -> ([i64; 4], usize) {
    let rows = [
        app.count("SELECT COUNT(*) FROM service_revisions").await,
        app.count("SELECT COUNT(*) FROM services").await,
        app.count("SELECT COUNT(*) FROM sensors WHERE desired_revision > 1")
            .await,
        app.count("SELECT COUNT(*) FROM audit_log WHERE kind = 'service'")
            .await,
    ];
    (rows, files(&app.data().join("registry")))
}

async fn the_console_uploads_in_parts_and_sees_how_full_the_registry_is(engine: Engine) {
    let app = TestApp::start(engine).await;
    let token = app.token(Role::Observer).await;
    let admin = app.admin().await;
    let before = app.api_json("/api/v1/registry", &token).await;
    assert_eq!(
        (&before["state"], &before["stored"]),
        (&json!("online"), &json!(0))
    );
    let post = async |path: String, kind: &str, body: Vec<u8>| {
        let answer = app
            .http
            .post(format!("{}/fn/{path}", app.url))
            .header("cookie", &admin)
            .header("sec-fetch-site", "same-origin")
            .header("content-type", kind)
            .body(body)
            .send()
            .await
            .unwrap();
        let status = answer.status();
        (status, answer.json::<Value>().await.unwrap())
    };
    let begin = async || {
        let (status, begun) = post("begin_upload".to_owned(), "text/plain", vec![]).await;
        assert_eq!((status, &begun["received"]), (StatusCode::OK, &json!(0)));
        begun["id"].as_str().unwrap().to_owned()
    };
    let append = async |id: &str, offset: usize, part: &[u8]| {
        let path = format!("append_upload?id={id}&offset={offset}");
        post(path, "application/octet-stream", part.to_vec()).await
    };
    let finish = async |id: &str| {
        let body = json!({ "id": id, "form": { "level": "high" } }).to_string();
        let path = "finish_upload".to_owned();
        post(path, "application/json", body.into_bytes()).await
    };
    let id = begin().await;
    assert_eq!(append(&id, 0, b"no archive").await.0, StatusCode::OK);
    let (status, refused) = finish(&id).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(refused["refused"]["refusal"], "upload", "{refused}");

    let archive = Image::new("amd64", "one").honeysens("pot", "amd64", "1.0");
    let (first, second) = archive.split_at(archive.len() / 2);
    let id = begin().await;
    let (status, view) = append(&id, 0, first).await;
    assert_eq!(
        (status, &view["received"]),
        (StatusCode::OK, &json!(first.len()))
    );
    let (status, refused) = append(&id, 0, first).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{refused}");
    assert_eq!(append(&id, first.len(), second).await.0, StatusCode::OK);
    let (status, service) = finish(&id).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(
        (&service["name"], &service["level"]),
        (&json!("pot"), &json!("high"))
    );
    assert_eq!(append(&id, 0, first).await.0, StatusCode::NOT_FOUND);
    let after = app.api_json("/api/v1/registry", &token).await;
    assert!(after["stored"].as_u64().unwrap() > 0, "{after}");
}

async fn a_refused_archive_leaves_nothing(engine: Engine) {
    let app = TestApp::start(engine).await;
    let admin = app.token(Role::Admin).await;
    let manager = app.token(Role::Manager).await;
    let good = Image::new("amd64", "one").honeysens("pot", "amd64", "1.0");
    let (status, _) = upload(&app, &admin, "", good.clone()).await;
    assert_eq!(status, StatusCode::CREATED);
    let before = kept(&app).await;
    let next = |inside: &str, said: &str| Image::new(inside, "two").honeysens("pot", said, "1.1");
    let right = next("amd64", "amd64");
    let mut other_layer = Image::new("amd64", "two");
    other_layer.layers[0][600] ^= 1;
    let other = Image::new("amd64", "two").honeysens("pot", "amd64", "1.0");
    let half = good[..good.len() / 2].to_vec();
    let docker = Image::new("amd64", "two").docker_save();
    for (form, archive, status, said) in [
        ("", b"no archive".to_vec(), 422, "cannot be taken"),
        ("", vec![], 422, "cannot be taken"),
        ("", half, 422, "cannot be taken"),
        (
            "",
            other_layer.honeysens("pot", "amd64", "1.1"),
            422,
            "cannot be taken",
        ),
        ("", next("arm", "amd64"), 422, "the image inside is for arm"),
        ("", next("s390x", "s390x"), 422, "no sensor has"),
        ("", other, 422, "label: is taken"),
        ("", docker, 422, "service's name"),
        ("?name=ssh", right.clone(), 422, "name: is taken"),
        ("?name=No", right.clone(), 400, "name"),
        ("?port=2222/tcp", right.clone(), 422, "2222/tcp:22"),
        ("?colour=red", right.clone(), 400, "colour"),
        ("", vec![0; 5 * 1024 * 1024], 413, "4194304 bytes"),
    ] {
        let (found, problem) = upload(&app, &admin, form, archive).await;
        assert_eq!(found.as_u16(), status, "{form} {said}: {problem}");
        let title = problem["title"].as_str().unwrap();
        assert!(title.contains(said), "{said}: {problem}");
        assert_eq!(kept(&app).await, before, "{form} {said}");
    }
    let (status, _) = upload(&app, &manager, "", right.clone()).await;
    assert_eq!(status, StatusCode::FORBIDDEN);
    assert_eq!(kept(&app).await, before);
    let (status, _) = upload(&app, &admin, "", right).await;
    assert_eq!(status, StatusCode::CREATED, "what is right is taken");
}

async fn a_refused_change_changes_nothing(engine: Engine) {
    let app = TestApp::start(engine).await;
    let admin = app.token(Role::Admin).await;
    let manager = app.token(Role::Manager).await;
    let archive = Image::new("amd64", "one").honeysens("pot", "amd64", "1.0");
    let (status, _) = upload(&app, &admin, "", archive).await;
    assert_eq!(status, StatusCode::CREATED);
    let arm = sensor(&app, "arm", "arm").await;
    let silent = app.sensor("silent", app.group().await).await;
    let fitting = sensor(&app, "fitting", "x86_64").await;
    let before = kept(&app).await;
    let one_port = json!([{ "change": "add", "sensor": fitting.id, "service": "pot", "placement": {
        "address": "0.0.0.0", "ports": [{ "number": 22, "transport": "tcp" }] } }]);
    let long = json!({ "description": "x".repeat(1001) });
    for ((status, problem), said) in [
        (add(&app, &manager, &arm, "pot").await, "no image"),
        (add(&app, &manager, &silent, "pot").await, "no image"),
        (deploy(&app, &manager, one_port).await, "same order"),
        (edit(&app, &admin, "pot", long).await, "at most 1000"),
    ] {
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{problem}");
        assert!(
            problem["title"].as_str().unwrap().contains(said),
            "{problem}"
        );
    }
    let low = json!({ "level": "low" });
    for (status, _) in [
        edit(&app, &manager, "pot", low.clone()).await,
        remove(&app, &manager, "pot").await,
        remove(&app, &manager, "pot/revisions/1").await,
    ] {
        assert_eq!(status, StatusCode::FORBIDDEN);
    }
    for (status, _) in [
        edit(&app, &admin, "ssh", low).await,
        remove(&app, &admin, "ssh").await,
        remove(&app, &admin, "pot/revisions/7").await,
    ] {
        assert_eq!(status, StatusCode::NOT_FOUND);
    }
    assert_eq!(kept(&app).await, before);
}

async fn an_image_of_docker_needs_a_few_words(engine: Engine) {
    let app = TestApp::start(engine).await;
    let admin = app.token(Role::Admin).await;
    let image = Image::new("amd64", "one").docker_save();
    let form = "?name=cowrie&label=2.6&events=cowrie&description=A%20shell&port=2222/tcp:22&port=2223/tcp:23";
    let (status, made) = upload(&app, &admin, form, image).await;
    assert_eq!(status, StatusCode::CREATED, "{made}");
    let one = sensor(&app, "one", "x86_64").await;
    assert_eq!(add(&app, &admin, &one, "cowrie").await.0, StatusCode::OK);
    let told = poll(&app, &one, "x86_64", 1, true).await;
    let manifest = &instance(&told, "cowrie")["image"]["manifest"];
    assert_eq!(manifest["profile"], json!({ "kind": "compatible" }));
    assert_eq!(
        manifest["events"],
        json!({ "kind": "log", "adapter": "cowrie", "path": null })
    );
    assert_eq!(
        manifest["ports"][1],
        json!({ "number": 2223, "protocol": "tcp", "published": 23 })
    );
}

async fn a_service_may_have_udp_ports_only(engine: Engine) {
    let app = TestApp::start(engine).await;
    let admin = app.token(Role::Admin).await;
    let archive = Image::new("amd64", "one").honeysens("pot", "amd64", "1.0");
    let (status, made) = upload(&app, &admin, "?port=53/udp:1053", archive).await;
    assert_eq!(status, StatusCode::CREATED, "{made}");
    let one = sensor(&app, "one", "x86_64").await;
    assert_eq!(add(&app, &admin, &one, "pot").await.0, StatusCode::OK);
    let told = poll(&app, &one, "x86_64", 1, true).await;
    let told = instance(&told, "pot");
    assert_eq!(
        told["ports"],
        json!([{ "number": 1053, "transport": "udp" }])
    );
    assert_eq!(
        told["image"]["manifest"]["ready"],
        json!({ "kind": "connect", "port": 53, "protocol": "udp" })
    );
}

async fn an_image_may_log_to_a_file(engine: Engine) {
    let app = TestApp::start(engine).await;
    let admin = app.token(Role::Admin).await;
    let image = || Image::new("amd64", "one").docker_save();
    let form = "?name=herald&label=1&port=21/tcp:21";
    for (more, said) in [
        ("&events=heralding&log=log.json", "path from the root"),
        ("&events=heralding&log=/a/../b", "path from the root"),
        ("&events=json-lines&log=/log.json", "which one it is"),
        ("&log=/log.json", "log's format"),
    ] {
        let (status, problem) = upload(&app, &admin, &format!("{form}{more}"), image()).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{problem}");
        let title = problem["title"].as_str().unwrap();
        assert!(title.contains(said), "{title}");
    }
    let form = format!("{form}&events=heralding&log=/log_session.json");
    let (status, made) = upload(&app, &admin, &form, image()).await;
    assert_eq!(status, StatusCode::CREATED, "{made}");
    let one = sensor(&app, "one", "x86_64").await;
    assert_eq!(add(&app, &admin, &one, "herald").await.0, StatusCode::OK);
    let told = poll(&app, &one, "x86_64", 1, true).await;
    assert_eq!(
        instance(&told, "herald")["image"]["manifest"]["events"],
        json!({ "kind": "log", "adapter": "heralding", "path": "/log_session.json" })
    );
}

async fn what_sensors_run_stays_and_the_rest_can_go(engine: Engine) {
    let app = TestApp::start(engine).await;
    let admin = app.token(Role::Admin).await;
    for revision in ["1.0", "1.1"] {
        let archive = Image::new("amd64", revision).honeysens("pot", "amd64", revision);
        assert_eq!(
            upload(&app, &admin, "", archive).await.0,
            StatusCode::CREATED
        );
    }
    let one = sensor(&app, "one", "x86_64").await;
    let (_, done) = add(&app, &admin, &one, "pot").await;
    let unprocessable = StatusCode::UNPROCESSABLE_ENTITY;
    assert_eq!(
        remove(&app, &admin, "pot/revisions/1").await.0,
        unprocessable
    );
    assert_eq!(remove(&app, &admin, "pot").await.0, unprocessable);
    assert_eq!(
        edit(&app, &admin, "pot", json!({ "revision": 2 })).await.0,
        StatusCode::OK
    );
    assert_eq!(
        remove(&app, &admin, "pot/revisions/1").await.0,
        StatusCode::NO_CONTENT
    );
    let left = app.api_json("/api/v1/services/pot", &admin).await;
    assert_eq!(left["revisions"].as_array().unwrap().len(), 1);
    let manifests = app
        .data()
        .join("registry/objects/repositories/services/pot/_manifests");
    assert_eq!(files(&manifests), 1);

    let (status, undone) = deploy(&app, &admin, done["undo"].clone()).await;
    assert_eq!(status, StatusCode::OK, "{undone}");
    assert_eq!(remove(&app, &admin, "pot").await.0, StatusCode::NO_CONTENT);
    assert_eq!(
        app.api("/api/v1/services/pot", &admin).await.status(),
        StatusCode::NOT_FOUND
    );
    assert_eq!(files(&app.data().join("registry/objects/repositories")), 0);
    let (status, _) = deploy(&app, &admin, undone["undo"].clone()).await;
    assert_eq!(
        status, unprocessable,
        "it does not come back without its service"
    );
    // The same name again goes on with its numbers, since events name them; what was removed can come back.
    let archive = Image::new("amd64", "1.0").honeysens("pot", "amd64", "1.0");
    let (status, again) = upload(&app, &admin, "", archive).await;
    assert_eq!(
        (status, &again["revision"]),
        (StatusCode::CREATED, &json!(3))
    );
    assert_eq!(
        deploy(&app, &admin, undone["undo"].clone()).await.0,
        StatusCode::OK
    );
    let told = poll(&app, &one, "x86_64", 1, true).await;
    assert_eq!(instance(&told, "pot")["revision"], 3);
    assert!(instance(&told, "pot")["image"].is_object());
}

async fn programs_push_and_pull_with_a_token(engine: Engine) {
    let app = TestApp::start(engine).await;
    let admin = app.token(Role::Admin).await;
    let manager = app.token(Role::Manager).await;
    let image = Image::new("amd64", "one");
    assert_eq!(
        upload(&app, &admin, "", image.honeysens("pot", "amd64", "1.0"))
            .await
            .0,
        StatusCode::CREATED
    );
    let folder = tempfile::tempdir().unwrap();
    let saved = folder.path().join("saved.tar");
    std::fs::write(&saved, image.docker_save()).unwrap();
    let saved = format!("docker-archive:{}", saved.display());
    let at = app.url.replace("http://", "docker://");
    let copy = async |from: &str, to: &str, token: &str, side: &str| {
        let mut command = tokio::process::Command::new("skopeo");
        command.args([
            "--insecure-policy",
            "copy",
            "--src-tls-verify=false",
            "--dest-tls-verify=false",
        ]);
        command
            .arg(format!("--{side}-creds=anybody:{token}"))
            .args([from, to]);
        let output = command
            .output()
            .await
            .expect("skopeo; see scripts/setup.sh");
        (
            output.status.success(),
            String::from_utf8_lossy(&output.stderr).into_owned(),
        )
    };
    let pushed = format!("{at}/own/pot:1.0");
    for wrong in ["skep_wrong", &manager] {
        assert!(!copy(&saved, &pushed, wrong, "dest").await.0);
    }
    let (done, said) = copy(&saved, &pushed, &admin, "dest").await;
    assert!(done, "{said}");
    let back = format!("oci:{}:latest", folder.path().join("back").display());
    let (done, said) = copy(&pushed, &back, &admin, "src").await;
    assert!(done, "{said}");
    // What a service is made of is read here, and changed through the service only.
    let tags = app.api_json("/v2/services/pot/tags/list", &admin).await;
    let own = format!("{at}/services/pot:{}", tags["tags"][0].as_str().unwrap());
    let (done, said) = copy(&own, &back.replace("back", "again"), &admin, "src").await;
    assert!(done, "{said}");
}

async fn rights_are_given_and_taken_back(engine: Engine) {
    let app = TestApp::start(engine).await;
    let (admin, manager) = (app.token(Role::Admin).await, app.token(Role::Manager).await);
    let mut image = Image::new("amd64", "one");
    image.raw_network = true;
    let (status, made) = upload(&app, &admin, "", image.honeysens("recon", "amd64", "1.0")).await;
    assert_eq!(status, StatusCode::CREATED, "{made}");
    let nothing = json!({ "raw_network": false, "capabilities": [] });
    let everything = json!({ "raw_network": true, "capabilities": [] });
    assert_eq!(made["allowed"], nothing);
    assert_eq!(made["revisions"][0]["needs"], everything);
    let one = sensor(&app, "one", "x86_64").await;
    let (status, refused) = add(&app, &manager, &one, "recon").await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    let said = refused["title"].as_str().unwrap();
    assert!(said.contains("an admin has not allowed"), "{said}");

    let allow = |rights: &Value| json!({ "allowed": rights });
    let (status, _) = edit(&app, &manager, "recon", allow(&everything)).await;
    assert_eq!(status, StatusCode::FORBIDDEN);
    let (status, allowed) = edit(&app, &admin, "recon", allow(&everything)).await;
    assert_eq!((status, &allowed["allowed"]), (StatusCode::OK, &everything));
    let (status, done) = add(&app, &manager, &one, "recon").await;
    assert_eq!(status, StatusCode::OK, "{done}");
    let told = poll(&app, &one, "x86_64", 1, true).await;
    assert_eq!(instance(&told, "recon")["image"]["raw_network"], true);

    // Taken back, while a poll is held: the sensor hears of it at once, and the cell says why.
    let (told, (status, _)) = tokio::join!(poll(&app, &one, "x86_64", 2, false), async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        edit(&app, &admin, "recon", allow(&nothing)).await
    });
    assert_eq!(status, StatusCode::OK);
    let configuration = &told["configuration"];
    assert_eq!(configuration["revision"], 3);
    let instances = configuration["instances"].as_array().unwrap();
    assert!(instances.iter().all(|one| one["service"] != "recon"));
    let shown = app
        .api_json(&format!("/api/v1/sensors/{}", one.id), &manager)
        .await;
    let cells = shown["services"].as_array().unwrap();
    let cell = cells
        .iter()
        .find(|cell| cell["service"] == "recon")
        .unwrap();
    assert_eq!(cell["state"], "failed");
    let reason = cell["reason"].as_str().unwrap();
    assert!(reason.contains("the host's own network"), "{reason}");

    // Another edit leaves rights as they are, and each change is in the audit log with what was.
    let (_, edited) = edit(&app, &admin, "recon", json!({ "level": "low" })).await;
    assert_eq!(edited["allowed"], nothing);
    let log = app
        .api_json("/api/v1/audit?kind=service&object=recon", &admin)
        .await;
    let entries = log["items"].as_array().unwrap();
    let rights_before_and_after = |entry: &Value| {
        let changes = entry["changes"].as_array().unwrap();
        let rights = changes.iter().find(|change| change["field"] == "allowed");
        rights.map(|change| (change["before"].clone(), change["after"].clone()))
    };
    let changed: Vec<_> = entries.iter().filter_map(rights_before_and_after).collect();
    assert_eq!(changed.len(), 2, "{log}");
    assert_eq!(changed[0].0, changed[1].1);
}
