//! The FTP honeypot, met by the clients and tools that attackers use.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod common;

use std::net::{IpAddr, Ipv6Addr};

use common::{HERE, Pot, TCP, closed, commands, file, none, run};
use serde_json::json;
use skep_honeypots::listen::Limits;
use skep_model::InteractionKind;

#[tokio::test]
async fn curl_lists_fetches_and_uploads_in_both_passive_modes_over_both_protocols() {
    let folder = std::env::temp_dir().join(format!("skep-ftp-curl-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let upload = folder.join("dropper.sh");
    std::fs::write(&upload, b"#!/bin/sh\nid\n\0\xff").unwrap();
    let upload = upload.to_str().unwrap();
    for (host, name) in [
        (HERE, "127.0.0.1"),
        (IpAddr::V6(Ipv6Addr::LOCALHOST), "[::1]"),
    ] {
        for mode in ["--ftp-pasv", "--disable-epsv"] {
            let mut pot = Pot::start_at(host, "ftp", none(), &[TCP], Limits::default())
                .await
                .unwrap();
            let base = format!("ftp://root:123456@{name}:{}", pot.port());
            let put = format!("{base}/%2Ftmp/");
            let get = format!("{base}/%2Ftmp/dropper.sh");
            let (done, text) = run("curl", &["-gsS", mode, "-T", upload, &put, &get, &put]).await;
            assert!(done, "{name} {mode}: {text}");
            assert!(text.contains("#!/bin/sh\nid\n\0"), "{text}");
            assert!(text.contains(" dropper.sh"), "{text}");
            pot.opened().await;
            let steps = pot.rest().await;
            assert!(
                steps.contains(&file("dropper.sh", b"#!/bin/sh\nid\n\0\xff")),
                "{steps:?}"
            );
            // Over IPv6 there is only the extended mode.
            let wanted = if mode == "--disable-epsv" && host.is_ipv4() {
                b"PASV"
            } else {
                b"EPSV"
            };
            assert!(commands(&steps).iter().any(|line| line == wanted), "{mode}");
            assert_eq!(closed(&steps), "the source said goodbye");
        }
    }
    std::fs::remove_dir_all(&folder).unwrap();
}

#[tokio::test]
async fn lftp_and_tnftp_work() {
    let folder = std::env::temp_dir().join(format!("skep-ftp-lftp-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("a.txt"), b"one\ntwo\n").unwrap();
    let here = folder.to_str().unwrap();
    let mut pot = Pot::start("ftp", none()).await;
    let at = pot.port().to_string();
    let script = format!(
        "set net:max-retries 1; set ftp:ssl-allow no; open -u pi,raspberry -p {at} 127.0.0.1; lcd {here}; \
         mkdir loot; cd loot; put a.txt; ls; get a.txt -o b.txt; mv a.txt c.txt; cls -1; bye"
    );
    let (done, text) = run("lftp", &["-c", &script]).await;
    assert!(done, "{text}");
    assert!(
        text.contains("-rw-r--r--    1 1000     1000            8 "),
        "{text}"
    );
    assert!(text.contains("c.txt"), "{text}");
    assert_eq!(std::fs::read(folder.join("b.txt")).unwrap(), b"one\ntwo\n");
    pot.opened().await;
    let steps = pot.rest().await;
    assert!(steps.contains(&file("a.txt", b"one\ntwo\n")), "{steps:?}");

    let out = folder.join("readme");
    let url = format!("ftp://127.0.0.1:{at}/pub/README.txt");
    let (done, text) = run("tnftp", &["-o", out.to_str().unwrap(), &url]).await;
    assert!(done, "{text}");
    assert!(
        std::fs::read_to_string(out)
            .unwrap()
            .contains("public documents")
    );
    pot.opened().await;
    let steps = pot.rest().await;
    assert!(
        matches!(
            &steps[..],
            [_, _, InteractionKind::Login { accepted: true, .. }, ..]
        ),
        "{steps:?}"
    );
    std::fs::remove_dir_all(&folder).unwrap();
}

#[tokio::test]
async fn hydra_finds_the_password() {
    let pot = Pot::start("ftp", json!({"delay": 0, "anonymous": "no"})).await;
    let at = pot.port().to_string();
    let passwords = std::env::temp_dir().join(format!("skep-ftp-hydra-{}", std::process::id()));
    std::fs::write(&passwords, "toor\nadmin\n123456\nqwerty\n").unwrap();
    let list = passwords.to_str().unwrap();
    let (_, text) = run(
        "hydra",
        &[
            "-I",
            "-t",
            "2",
            "-l",
            "root",
            "-P",
            list,
            "-s",
            &at,
            "ftp://127.0.0.1",
        ],
    )
    .await;
    assert!(text.contains("login: root   password: 123456"), "{text}");
    assert!(!text.contains("password: qwerty"), "{text}");
    std::fs::remove_file(&passwords).unwrap();
}

#[tokio::test]
async fn nmap_takes_it_for_vsftpd() {
    let pot = Pot::start("ftp", none()).await;
    let at = pot.port().to_string();
    let (_, text) = run("nmap", &["-Pn", "-n", "-sV", "-p", &at, "127.0.0.1"]).await;
    assert!(text.contains("vsftpd 3.0.5"), "{text}");
}
