//! The engine's own firewall, which forwards nothing to ports that the engine did not publish.
//!
//! It leaves a chain to others for what shall be forwarded nevertheless; one rule in it is ours.

use std::{io, process::Stdio};

use skep_model::raw;
use tokio::process::Command;

use crate::{Owner, firewall::FirewallError};

/// The engine makes it, for IPv6 only if it looks after that, and never removes what is in it.
const CHAIN: &str = "DOCKER-USER";

/// The most of the words about a failure that are passed on, in bytes.
const WORDS: usize = 300;

/// Has the engine's firewall forward what our own rules translated, and no more.
pub(crate) async fn allow(owner: Owner) -> Result<(), FirewallError> {
    for program in ["iptables", "ip6tables"] {
        let has_chain = run(program, &["-n", "-L", CHAIN]).await?.is_ok();
        if has_chain && run(program, &rule("-C", owner)).await?.is_err() {
            run(program, &rule("-I", owner))
                .await?
                .map_err(FirewallError::Refused)?;
        }
    }
    Ok(())
}

/// Takes the rule back. Where it is not, nothing happens.
pub(crate) async fn disallow(owner: Owner) -> Result<(), FirewallError> {
    for program in ["iptables", "ip6tables"] {
        while run(program, &rule("-D", owner)).await?.is_ok() {}
    }
    Ok(())
}

fn rule(action: &str, owner: Owner) -> Vec<String> {
    let bridges = format!("{}+", owner.bridges());
    let condition = [
        "-o",
        &bridges,
        "-m",
        "conntrack",
        "--ctstate",
        "DNAT",
        "-j",
        "ACCEPT",
    ];
    [action, CHAIN]
        .into_iter()
        .chain(condition)
        .map(str::to_owned)
        .collect()
}

/// Runs it; the inner error is what it says when it cannot do it.
async fn run(
    program: &'static str,
    arguments: &[impl AsRef<std::ffi::OsStr>],
) -> Result<Result<(), String>, FirewallError> {
    let output = Command::new(program)
        // Others may be at it.
        .args(["-w", "5"])
        .args(arguments)
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output()
        .await
        .map_err(|error: io::Error| FirewallError::NoProgram {
            program,
            problem: error.to_string(),
        })?;
    Ok(if output.status.success() {
        Ok(())
    } else {
        Err(raw::visible(raw::cut(&output.stderr, WORDS)))
    })
}
