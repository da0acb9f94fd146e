//! Who may do what, through the front door: every entry of the access table, every role, and a foreign group.
//! The expectations are written by hand; a route without one fails.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    missing_docs,
    reason = "a test may fail"
)]

mod support;

use reqwest::StatusCode;
use skep_app::access::TABLE;
use skep_model::{Timestamp, ids::EventId, user::Role};
use sqlx::Row;
use support::{Engine, TestApp, command, random};

on_both!(every_route_refuses_whom_it_should);

/// Who knocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Knocker {
    Nobody,
    Observer,
    Manager,
    ForeignObserver,
    ForeignManager,
    Admin,
    ObserverToken,
    AdminToken,
    Sensor,
}

const KNOCKERS: [Knocker; 9] = [
    Knocker::Nobody,
    Knocker::Observer,
    Knocker::Manager,
    Knocker::ForeignObserver,
    Knocker::ForeignManager,
    Knocker::Admin,
    Knocker::ObserverToken,
    Knocker::AdminToken,
    Knocker::Sensor,
];

/// Method, pattern, form, and the status that each knocker gets, in the order of [`KNOCKERS`]. `{id}` is an event
/// or sensor of the first group, and so is the sensor in a form; the token of an observer is of another group.
/// `{fresh …}` is made for each knocker anew, in the first group, since whoever may removes it. A redirection to the
/// log-in page is 303.
type Row9 = (&'static str, &'static str, &'static str, [u16; 9]);
const EXPECTED: &[Row9] = &[
    //                                                   nobody obs  man  fobs fman adm  otok atok sensor
    (
        "GET",
        "/",
        "",
        [303, 200, 200, 200, 200, 200, 303, 303, 303],
    ),
    (
        "GET",
        "/events",
        "",
        [303, 200, 200, 200, 200, 200, 303, 303, 303],
    ),
    (
        "GET",
        "/events/{id}",
        "",
        [303, 200, 200, 404, 404, 200, 303, 303, 303],
    ),
    (
        "GET",
        "/sensors",
        "",
        [303, 200, 200, 200, 200, 200, 303, 303, 303],
    ),
    (
        "GET",
        "/sensors/matrix",
        "",
        [303, 200, 200, 200, 200, 200, 303, 303, 303],
    ),
    (
        "GET",
        "/services",
        "",
        [303, 200, 200, 200, 200, 200, 303, 303, 303],
    ),
    (
        "GET",
        "/sensors/{id}",
        "",
        [303, 200, 200, 404, 404, 200, 303, 303, 303],
    ),
    (
        "GET",
        "/quarantine",
        "",
        [303, 403, 200, 403, 200, 200, 303, 303, 303],
    ),
    (
        "GET",
        "/users",
        "",
        [303, 403, 403, 403, 403, 200, 303, 303, 303],
    ),
    (
        "GET",
        "/tokens",
        "",
        [303, 403, 403, 403, 403, 200, 303, 303, 303],
    ),
    (
        "GET",
        "/audit",
        "",
        [303, 403, 403, 403, 403, 200, 303, 303, 303],
    ),
    (
        "GET",
        "/system",
        "",
        [303, 200, 200, 200, 200, 200, 303, 303, 303],
    ),
    (
        "GET",
        "/api",
        "",
        [303, 200, 200, 200, 200, 200, 303, 303, 303],
    ),
    (
        "GET",
        "/profile",
        "",
        [303, 200, 200, 200, 200, 200, 303, 303, 303],
    ),
    (
        "GET",
        "/password",
        "",
        [303, 200, 200, 200, 200, 200, 303, 303, 303],
    ),
    (
        "GET",
        "/login",
        "",
        [200, 303, 303, 303, 303, 303, 200, 200, 200],
    ),
    (
        "GET",
        "/setup",
        "",
        [303, 303, 303, 303, 303, 303, 303, 303, 303],
    ),
    (
        "GET",
        "/pkg/{*file}",
        "",
        [404, 404, 404, 404, 404, 404, 404, 404, 404],
    ),
    (
        "GET",
        "/favicon.svg",
        "",
        [404, 404, 404, 404, 404, 404, 404, 404, 404],
    ),
    (
        "GET",
        "/icons.svg",
        "",
        [404, 404, 404, 404, 404, 404, 404, 404, 404],
    ),
    (
        "GET",
        "/cells.svg",
        "",
        [404, 404, 404, 404, 404, 404, 404, 404, 404],
    ),
    (
        "GET",
        "/robots.txt",
        "",
        [404, 404, 404, 404, 404, 404, 404, 404, 404],
    ),
    (
        "GET",
        "/licences.txt",
        "",
        [404, 404, 404, 404, 404, 404, 404, 404, 404],
    ),
    (
        "POST",
        "/fn/set_up",
        "password=a&repeat=a&email=&group=g",
        [403, 403, 403, 403, 403, 403, 403, 403, 403],
    ),
    (
        "POST",
        "/fn/log_in",
        "name=x{n}&password=y",
        [422, 422, 422, 422, 422, 422, 422, 422, 422],
    ),
    (
        "POST",
        "/fn/me",
        "",
        [401, 200, 200, 200, 200, 200, 401, 401, 401],
    ),
    (
        "POST",
        "/fn/dashboard",
        "",
        [401, 200, 200, 200, 200, 200, 401, 401, 401],
    ),
    (
        "POST",
        "/fn/events",
        r#"{"query":{"sensor":["{sensor}"]},"before":null,"limit":5,"counted":true}"#,
        [401, 200, 200, 200, 200, 200, 401, 401, 401],
    ),
    (
        "POST",
        "/fn/event",
        "id={id}",
        [401, 200, 200, 404, 404, 200, 401, 401, 401],
    ),
    (
        "POST",
        "/fn/replay",
        "id={id}",
        [401, 200, 200, 404, 404, 200, 401, 401, 401],
    ),
    (
        "POST",
        "/fn/sensors",
        "",
        [401, 200, 200, 200, 200, 200, 401, 401, 401],
    ),
    (
        "POST",
        "/fn/sensors_among",
        r#"{"sensors":["{sensor}"]}"#,
        [401, 200, 200, 200, 200, 200, 401, 401, 401],
    ),
    (
        "POST",
        "/fn/groups",
        "",
        [401, 200, 200, 200, 200, 200, 401, 401, 401],
    ),
    (
        "POST",
        "/fn/services",
        "",
        [401, 200, 200, 200, 200, 200, 401, 401, 401],
    ),
    (
        "POST",
        "/fn/edit_event",
        r#"{"id":"{id}","edit":{"status":"resolved","comment":null}}"#,
        [401, 403, 200, 403, 404, 200, 401, 401, 401],
    ),
    (
        "POST",
        "/fn/add_sensor",
        "name=s{n}&group={group}",
        [401, 403, 200, 403, 422, 200, 401, 401, 401],
    ),
    (
        "POST",
        "/fn/enrol_again",
        "sensor={sensor}",
        [401, 403, 200, 403, 404, 200, 401, 401, 401],
    ),
    (
        "POST",
        "/fn/revoke_sensor",
        "sensor={spare}",
        [401, 403, 200, 403, 404, 200, 401, 401, 401],
    ),
    (
        "POST",
        "/fn/edit_sensor",
        r#"{"sensor":"{sensor}","edit":{"name":"one","group":"{group}"}}"#,
        [401, 403, 200, 403, 404, 200, 401, 401, 401],
    ),
    (
        "POST",
        "/fn/remove_sensor",
        r#"{"sensor":"{fresh sensor}","fate":"archive"}"#,
        [401, 403, 200, 403, 404, 200, 401, 401, 401],
    ),
    (
        "POST",
        "/fn/call_sensor",
        "sensor={sensor}",
        [401, 200, 200, 404, 404, 200, 401, 401, 401],
    ),
    (
        "POST",
        "/fn/service_views",
        "",
        [401, 200, 200, 200, 200, 200, 401, 401, 401],
    ),
    (
        "POST",
        "/fn/deploy",
        r#"{"changes":[{"change":"add","sensor":"{sensor}","service":"ssh","placement":{"address":"127.0.0.1","ports":[{"number":2{n},"transport":"tcp"}]}}]}"#,
        [401, 403, 200, 403, 404, 200, 401, 401, 401],
    ),
    (
        "POST",
        "/fn/service_entries",
        "",
        [401, 200, 200, 200, 200, 200, 401, 401, 401],
    ),
    (
        "POST",
        "/fn/registry",
        "",
        [401, 200, 200, 200, 200, 200, 401, 401, 401],
    ),
    (
        "POST",
        "/fn/begin_upload",
        "",
        [401, 403, 403, 403, 403, 200, 401, 401, 401],
    ),
    (
        "POST",
        "/fn/uploaded",
        "id={sensor}",
        [401, 403, 403, 403, 403, 404, 401, 401, 401],
    ),
    (
        "POST",
        "/fn/append_upload",
        "part",
        [401, 403, 403, 403, 403, 404, 401, 401, 401],
    ),
    (
        "POST",
        "/fn/finish_upload",
        r#"{"id":"{sensor}","form":{}}"#,
        [401, 403, 403, 403, 403, 404, 401, 401, 401],
    ),
    (
        "POST",
        "/fn/remove_upload",
        "id={sensor}",
        [401, 403, 403, 403, 403, 404, 401, 401, 401],
    ),
    (
        "POST",
        "/fn/fetches",
        "",
        [401, 403, 403, 403, 403, 200, 401, 401, 401],
    ),
    (
        "POST",
        "/fn/fetch_service",
        r#"{"form":{"reference":"x y"}}"#,
        [401, 403, 403, 403, 403, 422, 401, 401, 401],
    ),
    (
        "POST",
        "/fn/end_fetch",
        "id={sensor}",
        [401, 403, 403, 403, 403, 404, 401, 401, 401],
    ),
    (
        "POST",
        "/fn/edit_service",
        r#"{"name":"{fresh service}","edit":{"level":"high"}}"#,
        [401, 403, 403, 403, 403, 200, 401, 401, 401],
    ),
    (
        "POST",
        "/fn/remove_revision",
        "name={fresh service}&number={number}",
        [401, 403, 403, 403, 403, 422, 401, 401, 401],
    ),
    (
        "POST",
        "/fn/remove_service",
        "name={fresh service}",
        [401, 403, 403, 403, 403, 200, 401, 401, 401],
    ),
    (
        "POST",
        "/fn/sensor_history",
        "sensor={sensor}&hours=1",
        [401, 200, 200, 404, 404, 200, 401, 401, 401],
    ),
    (
        "POST",
        "/fn/instance_log",
        "sensor={sensor}&instance={instance}",
        [401, 403, 409, 403, 404, 409, 401, 401, 401],
    ),
    (
        "POST",
        "/fn/edit_events",
        r#"{"ids":["{fresh event}"],"status":"ignored"}"#,
        [401, 403, 200, 403, 404, 200, 401, 401, 401],
    ),
    (
        "POST",
        "/fn/take_events",
        r#"{"ids":["{fresh event}"],"archived":false,"fate":"archive"}"#,
        [401, 403, 200, 403, 404, 200, 401, 401, 401],
    ),
    (
        "POST",
        "/fn/quarantine",
        "",
        [401, 403, 200, 403, 200, 200, 401, 401, 401],
    ),
    (
        "POST",
        "/fn/retry_quarantined",
        "id={fresh part}",
        [401, 403, 200, 403, 404, 200, 401, 401, 401],
    ),
    (
        "POST",
        "/fn/discard_quarantined",
        "id={fresh part}",
        [401, 403, 200, 403, 404, 200, 401, 401, 401],
    ),
    (
        "POST",
        "/fn/users",
        "",
        [401, 403, 200, 403, 200, 200, 401, 401, 401],
    ),
    (
        "POST",
        "/fn/save_user",
        r#"{"id":null,"draft":{"name":"u{n}","role":"observer","password":"correct horse battery"}}"#,
        [401, 403, 403, 403, 403, 200, 401, 401, 401],
    ),
    (
        "POST",
        "/fn/remove_user",
        "id={fresh user}",
        [401, 403, 403, 403, 403, 200, 401, 401, 401],
    ),
    (
        "POST",
        "/fn/group_views",
        "",
        [401, 403, 403, 403, 403, 200, 401, 401, 401],
    ),
    (
        "POST",
        "/fn/save_group",
        r#"{"id":null,"name":"g{n}"}"#,
        [401, 403, 403, 403, 403, 200, 401, 401, 401],
    ),
    (
        "POST",
        "/fn/remove_group",
        r#"{"id":"{fresh group}","fate":"remove"}"#,
        [401, 403, 403, 403, 403, 200, 401, 401, 401],
    ),
    (
        "POST",
        "/fn/tokens",
        "",
        [401, 403, 403, 403, 403, 200, 401, 401, 401],
    ),
    (
        "POST",
        "/fn/create_token",
        r#"{"draft":{"name":"t{n}","role":"admin"}}"#,
        [401, 403, 403, 403, 403, 200, 401, 401, 401],
    ),
    (
        "POST",
        "/fn/revoke_token",
        "id={fresh token}",
        [401, 403, 403, 403, 403, 200, 401, 401, 401],
    ),
    (
        "POST",
        "/fn/audit_log",
        r#"{"query":{}}"#,
        [401, 403, 403, 403, 403, 200, 401, 401, 401],
    ),
    (
        "POST",
        "/fn/audit_words",
        "",
        [401, 403, 403, 403, 403, 200, 401, 401, 401],
    ),
    (
        "POST",
        "/fn/settings",
        "",
        [401, 200, 200, 200, 200, 200, 401, 401, 401],
    ),
    (
        "POST",
        "/fn/edit_settings",
        r#"{"new":{}}"#,
        [401, 403, 403, 403, 403, 200, 401, 401, 401],
    ),
    (
        "POST",
        "/fn/about",
        "",
        [401, 200, 200, 200, 200, 200, 401, 401, 401],
    ),
    (
        "POST",
        "/fn/restore_events",
        r#"{"ids":["{fresh archived}"]}"#,
        [401, 403, 200, 403, 404, 200, 401, 401, 401],
    ),
    (
        "POST",
        "/fn/renew_certificates",
        "",
        [401, 403, 403, 403, 403, 200, 401, 401, 401],
    ),
    (
        "POST",
        "/fn/api_reference",
        "",
        [401, 200, 200, 200, 200, 200, 401, 401, 401],
    ),
    (
        "POST",
        "/fn/profile",
        "",
        [401, 200, 200, 200, 200, 200, 401, 401, 401],
    ),
    (
        "POST",
        "/fn/edit_profile",
        "email=&language=&time_zone=&theme=",
        [401, 200, 200, 200, 200, 200, 401, 401, 401],
    ),
    (
        "POST",
        "/fn/change_password",
        "old=x&password=a&repeat=b",
        [401, 422, 422, 422, 422, 422, 401, 401, 401],
    ),
    (
        "POST",
        "/fn/end_session",
        "id={id}",
        [401, 404, 404, 404, 404, 404, 401, 401, 401],
    ),
    (
        "GET",
        "/live",
        "",
        [401, 200, 200, 200, 200, 200, 401, 401, 401],
    ),
    (
        "HEAD",
        "/",
        "",
        [200, 200, 200, 200, 200, 200, 200, 200, 200],
    ),
    (
        "GET",
        "/healthz",
        "",
        [200, 200, 200, 200, 200, 200, 200, 200, 200],
    ),
    (
        "GET",
        "/api/v1/openapi.json",
        "",
        [200, 200, 200, 200, 200, 200, 200, 200, 200],
    ),
    (
        "GET",
        "/api/v1/events",
        "",
        [401, 401, 401, 401, 401, 401, 200, 200, 401],
    ),
    (
        "GET",
        "/api/v1/events/{id}",
        "",
        [401, 401, 401, 401, 401, 401, 404, 200, 401],
    ),
    (
        "GET",
        "/api/v1/services",
        "",
        [401, 401, 401, 401, 401, 401, 200, 200, 401],
    ),
    (
        "POST",
        "/api/v1/services",
        "no archive",
        [401, 401, 401, 401, 401, 401, 403, 422, 401],
    ),
    (
        "GET",
        "/api/v1/services/{fresh service}",
        "",
        [401, 401, 401, 401, 401, 401, 200, 200, 401],
    ),
    (
        "PATCH",
        "/api/v1/services/{fresh service}",
        r#"{"level":"high"}"#,
        [401, 401, 401, 401, 401, 401, 403, 200, 401],
    ),
    (
        "DELETE",
        "/api/v1/services/{fresh service}",
        "",
        [401, 401, 401, 401, 401, 401, 403, 204, 401],
    ),
    (
        "DELETE",
        "/api/v1/services/{fresh service}/revisions/{number}",
        "",
        [401, 401, 401, 401, 401, 401, 403, 422, 401],
    ),
    (
        "GET",
        "/api/v1/registry",
        "",
        [401, 401, 401, 401, 401, 401, 200, 200, 401],
    ),
    (
        "GET",
        "/api/v1/fetches",
        "",
        [401, 401, 401, 401, 401, 401, 403, 200, 401],
    ),
    (
        "POST",
        "/api/v1/fetches",
        r#"{"reference":"no reference"}"#,
        [401, 401, 401, 401, 401, 401, 403, 422, 401],
    ),
    (
        "GET",
        "/api/v1/fetches/{id}",
        "",
        [401, 401, 401, 401, 401, 401, 403, 404, 401],
    ),
    (
        "DELETE",
        "/api/v1/fetches/{id}",
        "",
        [401, 401, 401, 401, 401, 401, 403, 404, 401],
    ),
    (
        "GET",
        "/api/v1/uploads",
        "",
        [401, 401, 401, 401, 401, 401, 403, 200, 401],
    ),
    (
        "POST",
        "/api/v1/uploads",
        "",
        [401, 401, 401, 401, 401, 401, 403, 201, 401],
    ),
    (
        "GET",
        "/api/v1/uploads/{id}",
        "",
        [401, 401, 401, 401, 401, 401, 403, 404, 401],
    ),
    (
        "PATCH",
        "/api/v1/uploads/{id}?offset=0",
        "a part",
        [401, 401, 401, 401, 401, 401, 403, 404, 401],
    ),
    (
        "POST",
        "/api/v1/uploads/{id}/finish",
        "",
        [401, 401, 401, 401, 401, 401, 403, 404, 401],
    ),
    (
        "DELETE",
        "/api/v1/uploads/{id}",
        "",
        [401, 401, 401, 401, 401, 401, 403, 404, 401],
    ),
    (
        "POST",
        "/api/v1/deployments",
        r#"{"changes":[{"change":"add","sensor":"{sensor}","service":"ssh","placement":{"address":"127.0.0.1","ports":[{"number":3{n},"transport":"tcp"}]}}]}"#,
        [401, 401, 401, 401, 401, 401, 403, 200, 401],
    ),
    (
        "GET",
        "/api/v1/sensors",
        "",
        [401, 401, 401, 401, 401, 401, 200, 200, 401],
    ),
    (
        "POST",
        "/api/v1/events/archive",
        r#"{"ids":["{fresh event}"]}"#,
        [401, 401, 401, 401, 401, 401, 403, 200, 401],
    ),
    (
        "POST",
        "/api/v1/events/remove",
        r#"{"ids":["{fresh event}"]}"#,
        [401, 401, 401, 401, 401, 401, 403, 200, 401],
    ),
    (
        "POST",
        "/api/v1/events/status",
        r#"{"ids":["{fresh event}"],"status":"ignored"}"#,
        [401, 401, 401, 401, 401, 401, 403, 200, 401],
    ),
    (
        "POST",
        "/api/v1/events/restore",
        r#"{"ids":["{fresh archived}"]}"#,
        [401, 401, 401, 401, 401, 401, 403, 200, 401],
    ),
    (
        "POST",
        "/api/v1/certificates/renew",
        "",
        [401, 401, 401, 401, 401, 401, 403, 200, 401],
    ),
    (
        "PATCH",
        "/api/v1/events/{id}",
        r#"{"status":"new"}"#,
        [401, 401, 401, 401, 401, 401, 403, 200, 401],
    ),
    // The event has no terminal: nobody finds one, and a token of another group learns no more than that.
    (
        "GET",
        "/api/v1/events/{id}/asciicast",
        "",
        [401, 401, 401, 401, 401, 401, 404, 404, 401],
    ),
    (
        "POST",
        "/api/v1/sensors",
        r#"{"name":"s{n}","group":"{group}"}"#,
        [401, 401, 401, 401, 401, 401, 403, 201, 401],
    ),
    (
        "GET",
        "/api/v1/sensors/{id}",
        "",
        [401, 401, 401, 401, 401, 401, 404, 200, 401],
    ),
    (
        "PATCH",
        "/api/v1/sensors/{id}",
        r#"{"name":"one","group":"{group}"}"#,
        [401, 401, 401, 401, 401, 401, 403, 204, 401],
    ),
    (
        "DELETE",
        "/api/v1/sensors/{fresh sensor}?events=remove",
        "",
        [401, 401, 401, 401, 401, 401, 403, 204, 401],
    ),
    (
        "GET",
        "/api/v1/sensors/{id}/history",
        "",
        [401, 401, 401, 401, 401, 401, 404, 200, 401],
    ),
    (
        "GET",
        "/api/v1/sensors/{id}/instances/{instance}/log",
        "",
        [401, 401, 401, 401, 401, 401, 403, 409, 401],
    ),
    (
        "POST",
        "/api/v1/sensors/{fresh sensor}/enrol",
        "",
        [401, 401, 401, 401, 401, 401, 403, 201, 401],
    ),
    (
        "POST",
        "/api/v1/sensors/{fresh sensor}/revoke",
        "",
        [401, 401, 401, 401, 401, 401, 403, 204, 401],
    ),
    (
        "POST",
        "/api/v1/sensors/{id}/poll",
        "",
        [401, 401, 401, 401, 401, 401, 404, 204, 401],
    ),
    (
        "GET",
        "/api/v1/users",
        "",
        [401, 401, 401, 401, 401, 401, 403, 200, 401],
    ),
    (
        "POST",
        "/api/v1/users",
        r#"{"name":"u{n}","role":"observer","password":"correct horse battery"}"#,
        [401, 401, 401, 401, 401, 401, 403, 201, 401],
    ),
    (
        "GET",
        "/api/v1/users/{fresh user}",
        "",
        [401, 401, 401, 401, 401, 401, 403, 200, 401],
    ),
    (
        "PUT",
        "/api/v1/users/{fresh user}",
        r#"{"name":"u{n}","role":"observer"}"#,
        [401, 401, 401, 401, 401, 401, 403, 200, 401],
    ),
    (
        "DELETE",
        "/api/v1/users/{fresh user}",
        "",
        [401, 401, 401, 401, 401, 401, 403, 204, 401],
    ),
    (
        "GET",
        "/api/v1/groups",
        "",
        [401, 401, 401, 401, 401, 401, 403, 200, 401],
    ),
    (
        "POST",
        "/api/v1/groups",
        r#"{"name":"g{n}"}"#,
        [401, 401, 401, 401, 401, 401, 403, 201, 401],
    ),
    (
        "PUT",
        "/api/v1/groups/{fresh group}",
        r#"{"name":"g{n}"}"#,
        [401, 401, 401, 401, 401, 401, 403, 200, 401],
    ),
    (
        "DELETE",
        "/api/v1/groups/{fresh group}?events=archive",
        "",
        [401, 401, 401, 401, 401, 401, 403, 204, 401],
    ),
    (
        "GET",
        "/api/v1/tokens",
        "",
        [401, 401, 401, 401, 401, 401, 403, 200, 401],
    ),
    (
        "POST",
        "/api/v1/tokens",
        r#"{"name":"t{n}","role":"admin"}"#,
        [401, 401, 401, 401, 401, 401, 403, 201, 401],
    ),
    (
        "DELETE",
        "/api/v1/tokens/{fresh token}",
        "",
        [401, 401, 401, 401, 401, 401, 403, 204, 401],
    ),
    (
        "GET",
        "/api/v1/audit",
        "",
        [401, 401, 401, 401, 401, 401, 403, 200, 401],
    ),
    (
        "GET",
        "/api/v1/quarantine",
        "",
        [401, 401, 401, 401, 401, 401, 403, 200, 401],
    ),
    (
        "DELETE",
        "/api/v1/quarantine/{fresh part}",
        "",
        [401, 401, 401, 401, 401, 401, 403, 204, 401],
    ),
    (
        "POST",
        "/api/v1/quarantine/{fresh part}/retry",
        "",
        [401, 401, 401, 401, 401, 401, 403, 200, 401],
    ),
    (
        "GET",
        "/api/v1/settings",
        "",
        [401, 401, 401, 401, 401, 401, 200, 200, 401],
    ),
    (
        "PUT",
        "/api/v1/settings",
        "{}",
        [401, 401, 401, 401, 401, 401, 403, 200, 401],
    ),
    (
        "GET",
        "/api/v1/about",
        "",
        [401, 401, 401, 401, 401, 401, 200, 200, 401],
    ),
    (
        "POST",
        "/sensor/v1/enrol",
        "x",
        [400, 400, 400, 400, 400, 400, 400, 400, 400],
    ),
    (
        "POST",
        "/sensor/v1/poll",
        "x",
        [401, 401, 401, 401, 401, 401, 401, 401, 400],
    ),
    (
        "POST",
        "/sensor/v1/events",
        "x",
        [401, 401, 401, 401, 401, 401, 401, 401, 400],
    ),
    (
        "GET",
        "/sensor/v1/blobs/{id}",
        "",
        [401, 401, 401, 401, 401, 401, 401, 401, 404],
    ),
    (
        "POST",
        "/sensor/v1/log",
        "x",
        [401, 401, 401, 401, 401, 401, 401, 401, 400],
    ),
    (
        "GET",
        "/v2/",
        "",
        [401, 401, 401, 401, 401, 401, 403, 200, 401],
    ),
    (
        "GET",
        "/v2/{*path}",
        "",
        [401, 401, 401, 401, 401, 401, 403, 404, 401],
    ),
    (
        "POST",
        "/v2/{*path}",
        "",
        [401, 401, 401, 401, 401, 401, 403, 405, 401],
    ),
    (
        "PUT",
        "/v2/{*path}",
        "x",
        [401, 401, 401, 401, 401, 401, 403, 400, 401],
    ),
    (
        "PATCH",
        "/v2/{*path}",
        "",
        [401, 401, 401, 401, 401, 401, 403, 405, 401],
    ),
    (
        "DELETE",
        "/v2/{*path}",
        "",
        [401, 401, 401, 401, 401, 401, 403, 403, 401],
    ),
    // Last: it ends the sessions.
    (
        "POST",
        "/fn/log_out",
        "",
        [401, 200, 200, 200, 200, 200, 401, 401, 401],
    ),
];

#[expect(clippy::too_many_lines, reason = "one walk through the table")]
async fn every_route_refuses_whom_it_should(engine: Engine) {
    for (method, pattern, _) in TABLE {
        assert!(
            EXPECTED
                .iter()
                .any(|(m, p, ..)| m == method && general(p) == *pattern),
            "{method} {pattern} has no expectation here: write one by hand"
        );
    }
    // Nothing is served that is not in the table: pages and server functions register themselves.
    let pages = leptos_axum::generate_route_list(skep_app::App);
    for page in &pages {
        let pattern = page.path().replace(":id", "{id}");
        let pattern = if pattern.is_empty() {
            "/".to_owned()
        } else {
            pattern
        };
        assert!(
            TABLE.iter().any(|(_, p, _)| *p == pattern),
            "{pattern} is not in the access table"
        );
    }
    assert!(pages.len() >= 6);
    let functions: Vec<_> = leptos::server_fn::axum::server_fn_paths().collect();
    for (path, method) in &functions {
        assert!(
            TABLE
                .iter()
                .any(|(m, p, _)| m == &method.as_str() && p == path),
            "{path} is not in the access table"
        );
    }
    assert!(functions.len() >= 14);

    let app = TestApp::start(engine).await;
    let group = app.group().await;
    let foreign = app.another_group("foreign").await;
    let mut sensor = app.sensor("one", group).await;
    let spare = app.sensor("two", group).await;
    let event = EventId::new();
    sensor
        .send(&app, &[sensor.open(event, vec![command(b"id")])])
        .await;
    let cookies = [
        (
            Knocker::Observer,
            app.user("observer", Role::Observer, group).await,
        ),
        (
            Knocker::Manager,
            app.user("manager", Role::Manager, group).await,
        ),
        (
            Knocker::ForeignObserver,
            app.user("foreignobserver", Role::Observer, foreign).await,
        ),
        (
            Knocker::ForeignManager,
            app.user("foreignmanager", Role::Manager, foreign).await,
        ),
        (Knocker::Admin, app.admin().await),
    ];
    let tokens = [
        (
            Knocker::ObserverToken,
            app.token_for(Role::Observer, vec![foreign]).await,
        ),
        (Knocker::AdminToken, app.token(Role::Admin).await),
    ];
    let mut wrong = vec![];
    let mut n = 0_u32;
    for (method, pattern, form, expected) in EXPECTED {
        for (knocker, expected) in KNOCKERS.iter().zip(expected) {
            n += 1;
            let subject = if pattern.contains("/sensors/") {
                sensor.id.to_string()
            } else {
                event.to_string()
            };
            let fill = |text: &str| {
                text.replace("{id}", &subject)
                    .replace("{*file}", "none.js")
                    .replace("{*path}", "x/manifests/none")
                    .replace("{number}", "1")
                    .replace("{sensor}", &sensor.id.to_string())
                    .replace("{instance}", &sensor.instance.to_string())
                    .replace("{spare}", &spare.id.to_string())
                    .replace("{group}", &group.to_string())
                    .replace("{n}", &n.to_string())
            };
            let (path, form) = (fill(pattern), fill(form));
            let (path, form) = fresh(&app, &mut sensor, group, n, path, form).await;
            let before = fingerprint(&app).await;
            let status = if *knocker == Knocker::Sensor && path.starts_with("/sensor/") {
                let method = method.parse().unwrap();
                let body = form.as_bytes();
                sensor
                    .ask(&app, method, &path, body, Timestamp::now(), random())
                    .await
                    .status()
            } else {
                let method = method.parse().unwrap();
                let mut request = app
                    .http
                    .request(method, format!("{}{path}", app.url))
                    .header("sec-fetch-site", "same-origin");
                if let Some((_, cookie)) = cookies.iter().find(|(who, _)| who == knocker) {
                    request = request.header("cookie", cookie);
                }
                if let Some((_, token)) = tokens.iter().find(|(who, _)| who == knocker) {
                    request = request.bearer_auth(token);
                }
                if path.starts_with("/fn/") || path.starts_with("/sensor/") || !form.is_empty() {
                    let json = form.starts_with('{');
                    let kind = if json {
                        "application/json"
                    } else {
                        "application/x-www-form-urlencoded"
                    };
                    request = request.header("content-type", kind).body(form);
                }
                request
                    .header("accept", "application/json")
                    .send()
                    .await
                    .unwrap()
                    .status()
            };
            if status.as_u16() != *expected {
                wrong.push(format!(
                    "{method} {pattern} by {knocker:?}: {status}, expected {expected}"
                ));
            }
            if !status.is_success() && fingerprint(&app).await != before {
                wrong.push(format!(
                    "{method} {pattern} by {knocker:?} was refused, and changed the database"
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));

    for path in [
        "/admin",
        "/fn/nothing",
        "/api/v1/nothing",
        "/api/nothing",
        "/events/a/b",
        "/.env",
    ] {
        assert_eq!(
            app.get(path, &cookies[4].1).await.status(),
            StatusCode::NOT_FOUND,
            "{path}"
        );
    }
}

/// The pattern of the access table that a row stands for.
fn general(pattern: &str) -> String {
    let path = pattern.split('?').next().unwrap();
    let fresh = path.split('/').map(|part| {
        if part.starts_with("{fresh") {
            "{id}"
        } else {
            part
        }
    });
    fresh.collect::<Vec<_>>().join("/")
}

/// Makes what a row wants to be there, and puts its id in.
async fn fresh(
    app: &TestApp,
    sensor: &mut support::TestSensor,
    group: skep_model::ids::GroupId,
    n: u32,
    path: String,
    form: String,
) -> (String, String) {
    let all = format!("{path} {form}");
    let (word, id) = if all.contains("{fresh archived}") {
        let event = EventId::new();
        sensor
            .send(app, &[sensor.open(event, vec![command(b"id")])])
            .await;
        app.archive(event).await;
        ("archived", event.to_string())
    } else if all.contains("{fresh event}") {
        let event = EventId::new();
        sensor
            .send(app, &[sensor.open(event, vec![command(b"id")])])
            .await;
        ("event", event.to_string())
    } else if all.contains("{fresh sensor}") {
        let sensor = app.sensor(&format!("fresh{n}"), group).await;
        ("sensor", sensor.id.to_string())
    } else if all.contains("{fresh user}") {
        app.user(&format!("fresh{n}"), Role::Observer, group).await;
        ("user", app.user_id(&format!("fresh{n}")).await.to_string())
    } else if all.contains("{fresh group}") {
        let id = app.another_group(&format!("fresh{n}")).await;
        ("group", id.to_string())
    } else if all.contains("{fresh token}") {
        ("token", app.token_id(&app.token(Role::Admin).await).await)
    } else if all.contains("{fresh service}") {
        let name = format!("fresh{n}");
        add_service(app, &name).await;
        ("service", name)
    } else if all.contains("{fresh part}") {
        sensor
            .send_raw(app, &[serde_json::json!({ "part": "nonsense" })])
            .await;
        let newest = app.count("SELECT MAX(id) FROM quarantine").await;
        ("part", newest.to_string())
    } else {
        return (path, form);
    };
    let mark = format!("{{fresh {word}}}");
    (path.replace(&mark, &id), form.replace(&mark, &id))
}

/// Makes a service with an image that nobody has.
async fn add_service(app: &TestApp, name: &str) {
    let digest = format!("sha256:{}", "ab".repeat(32));
    let manifest = serde_json::json!({
        "image": {
            "manifest": digest, "config": { "digest": digest, "size": 1 }, "architecture": "arm",
            "layers": [{ "digest": digest, "size": 1, "media_type": "application/vnd.oci.image.layer.v1.tar" }],
        },
        "profile": { "kind": "compatible" }, "events": { "kind": "json_lines" }, "ready": { "kind": "runs" },
    });
    let revision = skep_store::NewRevision {
        service: name.parse().unwrap(),
        description: String::new(),
        level: skep_model::service::Level::Low,
        label: "1.0".to_owned(),
        namesake: skep_store::Namesake::Grows,
        manifests: vec![serde_json::from_value(manifest).unwrap()],
        repository: format!("services/{name}"),
    };
    let audit = skep_store::AuditEntry {
        at: Timestamp::now(),
        user: None,
        user_name: "test".to_owned(),
        address: None,
        action: "upload",
        kind: "service",
        object: name.to_owned(),
        before: None,
        after: None,
    };
    app.hub
        .store()
        .add_revision(&revision, &audit)
        .await
        .unwrap();
}

/// Everything in the tables that a refused request must not touch.
async fn fingerprint(app: &TestApp) -> String {
    let mut connection = app.connection().await;
    let mut text = String::new();
    for (table, sql) in [
        (
            "users",
            "SELECT name, password_hash || email || language || theme, role + must_change FROM users ORDER BY name",
        ),
        (
            "groups",
            "SELECT name, name, created_at + COALESCE(removed_at, 0) FROM groups ORDER BY name",
        ),
        (
            "sensors",
            "SELECT name, name, COALESCE(revoked_at, 0) + COALESCE(removed_at, 0) FROM sensors ORDER BY name",
        ),
        (
            "enrolments",
            "SELECT '', '', created_at FROM enrolments ORDER BY created_at",
        ),
        (
            "events",
            "SELECT comment, comment, status + interactions FROM events ORDER BY number",
        ),
        (
            "audit",
            "SELECT action, object, id FROM audit_log ORDER BY id",
        ),
        (
            "tokens",
            "SELECT name, name, role + COALESCE(revoked_at, 0) FROM tokens ORDER BY name",
        ),
        (
            "services",
            "SELECT name, description || rights, kind + level + COALESCE(default_revision, 0) FROM services ORDER BY name",
        ),
        (
            "revisions",
            "SELECT label, digest, number FROM service_revisions ORDER BY service_id, number",
        ),
        (
            "archive",
            "SELECT comment, comment, number FROM archived_events ORDER BY number",
        ),
        (
            "settings",
            "SELECT name, value, CAST(0 AS BIGINT) FROM settings ORDER BY name",
        ),
        ("sessions", "SELECT '', '', COUNT(*) FROM sessions"),
        (
            "watermarks",
            "SELECT '', '', seq FROM watermarks ORDER BY seq",
        ),
        ("quarantine", "SELECT '', '', COUNT(*) FROM quarantine"),
    ] {
        for row in sqlx::query(sql).fetch_all(&mut connection).await.unwrap() {
            let (a, b, c): (String, String, i64) = (row.get(0), row.get(1), row.get(2));
            text = format!("{text}{table} {a} {b} {c}\n");
        }
    }
    text
}
