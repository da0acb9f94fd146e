//! hydra guesses passwords, and every guess is recorded.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod common;

use std::{process::Stdio, time::Duration};

use common::Pot;
use serde_json::json;
use skep_honeypots::record::Report;
use skep_model::InteractionKind;
use tokio::{process::Command, time::timeout};

/// Runs hydra against a honeypot that lets in the last of the passwords; returns the passwords that were recorded,
/// sorted, and whether they were accepted.
async fn guesses(name: &str, tasks: &str, passwords: &[&str]) -> Vec<(String, bool)> {
    let right = passwords.last().unwrap();
    let settings = json!({"delay": 100, "accept": [format!("root/{right}")]});
    let mut pot = Pot::start(name, settings).await;
    let folder = tempfile::tempdir().unwrap();
    let list = folder.path().join("passwords");
    std::fs::write(&list, passwords.join("\n") + "\n").unwrap();
    let hydra = Command::new("hydra")
        .args([
            "-I",
            "-l",
            "root",
            "-t",
            tasks,
            "-s",
            &pot.port().to_string(),
            "-P",
        ])
        .arg(&list)
        .arg(format!("{name}://127.0.0.1"))
        .current_dir(folder.path())
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output();
    let output = timeout(Duration::from_mins(2), hydra)
        .await
        .expect("hydra ends")
        .expect("hydra is installed");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(
        said.contains(&format!("login: root   password: {right}")),
        "{said}"
    );
    let mut open = 0;
    let mut tried = vec![];
    while let Ok(report) = timeout(Duration::from_secs(2), pot.reports.recv()).await {
        match report.unwrap() {
            Report::Open { .. } => open += 1,
            Report::Close { .. } => open -= 1,
            Report::Step { interaction, .. } => {
                if let InteractionKind::Login {
                    secret, accepted, ..
                } = interaction.kind
                {
                    tried.push((String::from_utf8(secret.0).unwrap(), accepted));
                }
            }
        }
    }
    assert_eq!(open, 0, "{tried:?}");
    tried.sort();
    tried.dedup();
    tried
}

const PASSWORDS: [&str; 5] = ["admin", "changeme", "letmein", "qwerty", "xc3511"];

fn wanted() -> Vec<(String, bool)> {
    PASSWORDS
        .iter()
        .map(|password| ((*password).to_owned(), *password == "xc3511"))
        .collect()
}

#[tokio::test]
async fn every_guess_over_ssh_is_recorded() {
    assert_eq!(guesses("ssh", "4", &PASSWORDS).await, wanted());
}

#[tokio::test]
async fn every_guess_over_telnet_is_recorded() {
    assert_eq!(guesses("telnet", "1", &PASSWORDS).await, wanted());
}

#[tokio::test]
async fn several_guessers_at_once_are_recorded_over_telnet() {
    assert_eq!(guesses("telnet", "4", &PASSWORDS).await, wanted());
}
