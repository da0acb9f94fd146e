//! The REST API as a whole: its description, conditional requests, how fast it may be asked.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    missing_docs,
    reason = "a test may fail"
)]

mod support;

use std::collections::BTreeSet;

use futures::{StreamExt, stream};
use reqwest::{StatusCode, header};
use serde_json::{Value, json};
use skep_app::access::{TABLE, Who};
use skep_model::user::Role;
use support::{Engine, TestApp};

on_both!(
    what_is_known_is_not_sent_again,
    a_token_that_runs_wild_is_slowed_and_no_other,
);

async fn description(app: &TestApp) -> Value {
    let url = format!("{}/api/v1/openapi.json", app.url);
    let answer = app.http.get(url).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
    answer.json().await.unwrap()
}

/// Whoever changes the API sees here what programs will notice.
#[tokio::test]
async fn the_description_is_as_it_was() {
    let app = TestApp::start(Engine::Sqlite).await;
    insta::assert_json_snapshot!(description(&app).await, { ".info.version" => "[version]" });
}

#[tokio::test]
async fn every_route_is_described_and_nothing_else() {
    let app = TestApp::start(Engine::Sqlite).await;
    let description = description(&app).await;
    let mut described = BTreeSet::new();
    let mut ids = BTreeSet::new();
    for (path, item) in description["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            described.insert((method.to_uppercase(), path.clone()));
            let id = operation["operationId"].as_str().unwrap();
            assert!(ids.insert(id.to_owned()), "{id} is there twice");
            let needs = operation["description"].as_str().unwrap();
            assert!(
                needs.starts_with("Needs a token of the role "),
                "{id}: {needs}"
            );
        }
    }
    let routes: BTreeSet<_> = TABLE
        .iter()
        .filter(|(_, _, who)| matches!(who, Who::Token(..)))
        .map(|(method, path, _)| ((*method).to_owned(), (*path).to_owned()))
        .collect();
    assert_eq!(described, routes);
    // What is referred to is there.
    let text = description.to_string();
    for reference in text.split("\"#/components/schemas/").skip(1) {
        let name = reference.split('"').next().unwrap();
        assert!(
            description["components"]["schemas"].get(name).is_some(),
            "{name}"
        );
    }
}

async fn what_is_known_is_not_sent_again(engine: Engine) {
    let app = TestApp::start(engine).await;
    let token = app.token(Role::Admin).await;
    let groups = |tag: Option<String>| {
        let request = app.http.get(format!("{}/api/v1/groups", app.url));
        let request = request.bearer_auth(&token);
        match tag {
            Some(tag) => request.header(header::IF_NONE_MATCH, tag),
            None => request,
        }
        .send()
    };
    let tag =
        |answer: &reqwest::Response| answer.headers()[header::ETAG].to_str().unwrap().to_owned();
    let first = groups(None).await.unwrap();
    let known = tag(&first);
    let again = groups(Some(format!("\"other\", {known}"))).await.unwrap();
    assert_eq!(again.status(), StatusCode::NOT_MODIFIED);
    assert_eq!(tag(&again), known);
    assert_eq!(again.text().await.unwrap(), "");
    let made = app
        .http
        .post(format!("{}/api/v1/groups", app.url))
        .bearer_auth(&token)
        .json(&json!({ "name": "another" }))
        .send()
        .await
        .unwrap();
    assert_eq!(made.status(), StatusCode::CREATED);
    assert!(made.headers().get(header::ETAG).is_none());
    let changed = groups(Some(known.clone())).await.unwrap();
    assert_eq!(changed.status(), StatusCode::OK);
    assert_ne!(tag(&changed), known);
}

async fn a_token_that_runs_wild_is_slowed_and_no_other(engine: Engine) {
    let app = TestApp::start(engine).await;
    let (wild, calm) = (
        app.token(Role::Observer).await,
        app.token(Role::Observer).await,
    );
    let ask = |token: String| {
        let request = app.http.get(format!("{}/api/v1/about", app.url));
        async move { request.bearer_auth(token).send().await.unwrap() }
    };
    let answers: Vec<_> = stream::iter((0..3000).map(|_| ask(wild.clone())))
        .buffer_unordered(64)
        .collect()
        .await;
    let of = |status| {
        answers
            .iter()
            .filter(|answer| answer.status() == status)
            .count()
    };
    assert!(
        of(StatusCode::OK) >= 1000,
        "{} were answered",
        of(StatusCode::OK)
    );
    assert!(of(StatusCode::TOO_MANY_REQUESTS) > 0);
    assert_eq!(of(StatusCode::OK) + of(StatusCode::TOO_MANY_REQUESTS), 3000);
    let slowed = answers
        .iter()
        .find(|answer| answer.status() == StatusCode::TOO_MANY_REQUESTS)
        .unwrap();
    assert!(slowed.headers().contains_key(header::RETRY_AFTER));
    assert_eq!(ask(calm).await.status(), StatusCode::OK);
}
