//! Set-up, log-in, sessions, and what the server says of itself.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    missing_docs,
    reason = "a test may fail"
)]

mod support;

use reqwest::StatusCode;
use serde_json::{Value, json};
use skep_model::user::Role;
use support::{Engine, SET_UP, TestApp, cookie};

on_both!(
    the_first_visitor_sets_the_server_up_once,
    a_session_begins_with_the_password_and_ends_with_log_out,
    guessing_is_slowed_down_and_tells_nothing,
    only_our_own_pages_may_change_something,
    a_token_ends_when_it_should,
    every_page_carries_its_policy,
    a_browser_is_told_why_it_gets_no_page,
);

async fn the_first_visitor_sets_the_server_up_once(engine: Engine) {
    let app = TestApp::empty(engine).await;
    for path in ["/", "/events", "/login", "/sensors"] {
        let answer = app.get(path, "").await;
        assert_eq!(
            (answer.status(), &answer.headers()["location"]),
            (StatusCode::SEE_OTHER, &"/setup".parse().unwrap()),
            "{path}"
        );
    }
    assert!(
        app.get("/setup", "")
            .await
            .text()
            .await
            .unwrap()
            .contains("Welcome to Skep")
    );
    for (field, value, complaint) in [
        ("password", "short", "too_short"),
        ("password", "aaaaaaaaaaaaaa", "too_weak"),
        ("repeat", "something else", "do_not_match"),
        ("email", "nobody", "not_an_address"),
        ("group", "", "empty"),
        ("group", "a\u{202e}b", "bad_characters"),
    ] {
        let mut form = SET_UP.to_vec();
        for (name, given) in &mut form {
            if *name == field || (field == "password" && *name == "repeat") {
                *given = value;
            }
        }
        let answer = app.post_fn("set_up", &form, "").await;
        assert_eq!(
            answer.status(),
            StatusCode::UNPROCESSABLE_ENTITY,
            "{field}={value}"
        );
        let refused: Value = answer.json().await.unwrap();
        assert_eq!(
            refused["refused"]["complaint"]["complaint"], complaint,
            "{refused}"
        );
    }
    assert_eq!(app.count("SELECT COUNT(*) FROM users").await, 0);

    // Two at once: one of them makes the user.
    let (a, b) = tokio::join!(
        app.post_fn("set_up", &SET_UP, ""),
        app.post_fn("set_up", &SET_UP, "")
    );
    let mut statuses = [a.status().as_u16(), b.status().as_u16()];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 403]);
    assert_eq!(app.count("SELECT COUNT(*) FROM users").await, 1);
    assert_eq!(app.count("SELECT COUNT(*) FROM groups").await, 1);
    assert_eq!(
        app.post_fn("set_up", &SET_UP, "").await.status(),
        StatusCode::FORBIDDEN
    );
    assert_eq!(app.get("/setup", "").await.headers()["location"], "/");
}

async fn a_session_begins_with_the_password_and_ends_with_log_out(engine: Engine) {
    let app = TestApp::start(engine).await;
    let answer = app
        .post_fn(
            "log_in",
            &[("name", "admin"), ("password", "correct horse")],
            "",
        )
        .await;
    let set = answer.headers()["set-cookie"].to_str().unwrap().to_owned();
    for word in ["HttpOnly", "SameSite=Strict", "Path=/"] {
        assert!(set.contains(word), "{set}");
    }
    let (first, second) = (cookie(&answer), app.admin().await);
    assert_ne!(first, second, "each log-in has a secret of its own");
    assert_eq!(app.get("/events", &first).await.status(), StatusCode::OK);
    let secret = first.split_once('=').unwrap().1;
    assert_eq!(app.count("SELECT COUNT(*) FROM sessions").await, 3);
    let kept: Vec<u8> =
        sqlx::query_scalar("SELECT secret_hash FROM sessions ORDER BY created_at LIMIT 1")
            .fetch_one(&mut app.connection().await)
            .await
            .unwrap();
    assert!(kept.len() == 32 && kept != secret.as_bytes());

    assert_eq!(
        app.post_fn("log_out", &[], &first).await.status(),
        StatusCode::OK
    );
    assert_eq!(
        app.get("/events", &first).await.headers()["location"],
        "/login?to=%2Fevents"
    );
    assert_eq!(app.get("/events", &second).await.status(), StatusCode::OK);
    for forged in [
        "skep=",
        "skep=x",
        "skep=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        "other=1",
    ] {
        assert_eq!(
            app.get("/events", forged).await.status(),
            StatusCode::SEE_OTHER,
            "{forged}"
        );
    }

    // Unused for eight hours, or a week old.
    for update in [
        "UPDATE sessions SET last_seen_at = last_seen_at - 8 * 3600 * 1000 - 1000",
        "UPDATE sessions SET created_at = created_at - 7 * 24 * 3600 * 1000 - 1000",
    ] {
        let cookie = app.admin().await;
        assert_eq!(app.get("/events", &cookie).await.status(), StatusCode::OK);
        sqlx::query(update)
            .execute(&mut app.connection().await)
            .await
            .unwrap();
        assert_eq!(
            app.get("/events", &cookie).await.status(),
            StatusCode::SEE_OTHER,
            "{update}"
        );
    }
}

async fn guessing_is_slowed_down_and_tells_nothing(engine: Engine) {
    let app = TestApp::start(engine).await;
    let try_it = async |name: &str| {
        let answer = app
            .post_fn(
                "log_in",
                &[("name", name), ("password", "wrong password")],
                "",
            )
            .await;
        (answer.status(), answer.json::<Value>().await.unwrap())
    };
    let known = try_it("admin").await;
    assert_eq!(
        known,
        try_it("nobody").await,
        "a user that exists is answered like one that does not"
    );
    assert_eq!(known.1["refused"]["complaint"]["complaint"], "wrong");
    let mut wait = json!(null);
    for _ in 0..4 {
        let (status, body) = try_it("admin").await;
        if status == StatusCode::TOO_MANY_REQUESTS {
            wait = body["refused"]["seconds"].clone();
        }
    }
    assert!(wait.as_u64().is_some_and(|seconds| seconds >= 1), "{wait}");
    // While it lasts, the right password is not even looked at.
    let answer = app
        .post_fn(
            "log_in",
            &[("name", "admin"), ("password", "correct horse")],
            "",
        )
        .await;
    assert_eq!(answer.status(), StatusCode::TOO_MANY_REQUESTS);
    tokio::time::sleep(std::time::Duration::from_millis(4100)).await;
    app.admin().await;
}

async fn only_our_own_pages_may_change_something(engine: Engine) {
    let app = TestApp::start(engine).await;
    let cookie = app.admin().await;
    for (name, value) in [
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "same-site"),
        ("origin", "http://evil"),
        ("x", "y"),
    ] {
        let answer = app
            .http
            .post(format!("{}/fn/log_out", app.url))
            .header(name, value)
            .header("cookie", &cookie)
            .header("content-type", "application/x-www-form-urlencoded")
            .send()
            .await
            .unwrap();
        assert_eq!(answer.status(), StatusCode::FORBIDDEN, "{name}: {value}");
    }
    assert_eq!(app.get("/events", &cookie).await.status(), StatusCode::OK);
}

async fn a_token_ends_when_it_should(engine: Engine) {
    let app = TestApp::start(engine).await;
    let token = app.token(Role::Admin).await;
    assert_eq!(
        app.api("/api/v1/events", &token).await.status(),
        StatusCode::OK
    );
    assert!(app.count("SELECT last_used_at FROM tokens").await > 0);
    for (ends, again) in [
        (
            "UPDATE tokens SET revoked_at = 1",
            "UPDATE tokens SET revoked_at = NULL",
        ),
        (
            "UPDATE tokens SET expires_at = 1",
            "UPDATE tokens SET expires_at = NULL",
        ),
    ] {
        sqlx::query(ends)
            .execute(&mut app.connection().await)
            .await
            .unwrap();
        let refused = app.api("/api/v1/events", &token).await;
        assert_eq!(refused.status(), StatusCode::UNAUTHORIZED);
        assert_eq!(
            refused.headers()["content-type"],
            "application/problem+json"
        );
        sqlx::query(again)
            .execute(&mut app.connection().await)
            .await
            .unwrap();
    }
    for wrong in ["", "skep_x", &format!("{token}x"), &token[1..]] {
        assert_eq!(
            app.api("/api/v1/events", wrong).await.status(),
            StatusCode::UNAUTHORIZED,
            "{wrong}"
        );
    }
}

async fn every_page_carries_its_policy(engine: Engine) {
    let app = TestApp::start(engine).await;
    let cookie = app.admin().await;
    let mut nonces = vec![];
    for path in [
        "/",
        "/events",
        "/sensors",
        "/events/018f0000-0000-7000-8000-000000000000",
    ] {
        let answer = app.get(path, &cookie).await;
        let policy = answer.headers()["content-security-policy"]
            .to_str()
            .unwrap()
            .to_owned();
        let nonce = policy
            .split("'nonce-")
            .nth(1)
            .unwrap()
            .split('\'')
            .next()
            .unwrap()
            .to_owned();
        assert!(
            !policy.contains("unsafe-inline") && policy.contains("default-src 'none'"),
            "{policy}"
        );
        assert_eq!(answer.headers()["x-content-type-options"], "nosniff");
        assert_eq!(answer.headers()["cache-control"], "no-store");
        let html = answer.text().await.unwrap();
        assert!(html.contains(&format!("nonce=\"{nonce}\"")), "{path}");
        assert!(!html.contains(" style="), "{path}: an inline style");
        assert!(!html.contains(" onclick="), "{path}: an inline handler");
        nonces.push(nonce);
    }
    nonces.sort();
    nonces.dedup();
    assert_eq!(nonces.len(), 4, "each answer has a nonce of its own");
    assert_eq!(
        app.http.head(&app.url).send().await.unwrap().status(),
        StatusCode::OK
    );
    assert!(
        app.http
            .head(&app.url)
            .send()
            .await
            .unwrap()
            .headers()
            .contains_key("date")
    );
    assert_eq!(app.get("/healthz", "").await.status(), StatusCode::OK);
}

async fn a_browser_is_told_why_it_gets_no_page(engine: Engine) {
    let app = TestApp::start(engine).await;
    let observer = app.user("olga", Role::Observer, app.group().await).await;
    for (path, language, status, said) in [
        ("/nothing", "en", StatusCode::NOT_FOUND, "Nothing here"),
        ("/nothing", "de", StatusCode::NOT_FOUND, "Hier ist nichts"),
        ("/users", "en", StatusCode::FORBIDDEN, "Not for your role"),
        (
            "/users",
            "de",
            StatusCode::FORBIDDEN,
            "Nicht für deine Rolle",
        ),
    ] {
        let answer = app
            .http
            .get(format!("{}{path}", app.url))
            .header("cookie", &observer)
            .header("accept", "text/html,*/*;q=0.8")
            .header("accept-language", language)
            .send()
            .await
            .unwrap();
        assert_eq!(answer.status(), status, "{path}");
        assert!(answer.headers().contains_key("content-security-policy"));
        let html = answer.text().await.unwrap();
        assert!(
            html.contains(&format!("<title>{said} · Skep</title>")),
            "{html}"
        );
        assert!(!html.contains(".wasm"), "{path}");
    }
}
