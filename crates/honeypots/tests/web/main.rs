//! The HTTP and HTTPS honeypots, as clients of all sorts meet them.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

#[path = "../common/mod.rs"]
mod common;

mod clients;
mod requests;
mod visits;

use std::time::Duration;

use common::Pot;
use serde_json::json;
use skep_model::{Bytes, InteractionKind};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    process::Command,
    time::timeout,
};

/// Settings with which an event ends soon after its last connection.
fn brief() -> serde_json::Value {
    json!({"linger": 1})
}

/// Sends bytes, says that there is no more, and returns everything that comes back.
async fn send(pot: &Pot, bytes: &[u8]) -> Vec<u8> {
    let mut stream = TcpStream::connect(pot.address()).await.unwrap();
    stream.write_all(bytes).await.unwrap();
    stream.shutdown().await.unwrap();
    read_all(&mut stream).await
}

async fn read_all(stream: &mut TcpStream) -> Vec<u8> {
    let mut answer = vec![];
    let read = timeout(Duration::from_secs(10), stream.read_to_end(&mut answer)).await;
    let _ = read.expect("the connection ends");
    answer
}

/// Runs a program that must succeed; returns what it prints.
async fn run(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program)
        .args(arguments)
        .output()
        .await
        .unwrap_or_else(|error| panic!("{program} is installed: {error}"));
    assert!(
        output.status.success(),
        "{program} {arguments:?}: {output:?}"
    );
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Method, path, header fields and body of every request.
type Request<'a> = (&'a [u8], &'a [u8], &'a [(Bytes, Bytes)], &'a [u8]);

fn requests(steps: &[InteractionKind]) -> Vec<Request<'_>> {
    let requests = steps.iter().filter_map(|kind| match kind {
        InteractionKind::Request {
            method,
            path,
            headers,
            body,
        } => Some((
            method.0.as_slice(),
            path.0.as_slice(),
            headers.as_slice(),
            body.0.as_slice(),
        )),
        _ => None,
    });
    requests.collect()
}

fn logins(steps: &[InteractionKind]) -> Vec<InteractionKind> {
    let logins = steps
        .iter()
        .filter(|kind| matches!(kind, InteractionKind::Login { .. }));
    logins.cloned().collect()
}

fn header<'a>(answer: &'a str, name: &str) -> Option<&'a str> {
    let lines = answer.split("\r\n").take_while(|line| !line.is_empty());
    lines
        .skip(1)
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
}

fn why(steps: &[InteractionKind]) -> &str {
    match steps.last() {
        Some(InteractionKind::Close { reason, .. }) => reason,
        other => panic!("no close: {other:?}"),
    }
}
