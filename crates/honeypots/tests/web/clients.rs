//! Real clients, TLS, and scanners.

use serde_json::json;
use skep_model::{Direction, InteractionKind, LoginMethod::Password};

use super::{
    brief,
    common::{Pot, attributes, bytes, login},
    logins, requests, run, send, why,
};

#[tokio::test]
async fn curl_and_wget_work() {
    let mut pot = Pot::start("http", json!({"linger": 1, "face": "apache"})).await;
    let file = std::env::temp_dir().join(format!("skep-web-upload-{}", std::process::id()));
    std::fs::write(&file, b"\x7fELF\x00\xff").unwrap();
    let name = file.to_str().unwrap();
    let url = format!("http://{}/x", pot.address());
    for (arguments, method) in [
        (vec!["-sI"], "HEAD"),
        (vec!["-s", "-T", name], "PUT"),
        (
            vec![
                "-s",
                "-T",
                name,
                "-H",
                "Transfer-Encoding: chunked",
                "-H",
                "Expect: 100-continue",
            ],
            "PUT",
        ),
    ] {
        run("curl", &[arguments.as_slice(), &[&url]].concat()).await;
        pot.opened().await;
        let steps = pot.rest().await;
        let asked = requests(&steps);
        assert_eq!(asked[0].0, method.as_bytes());
        assert_eq!(
            asked[0].3,
            if method == "PUT" {
                b"\x7fELF\x00\xff".as_slice()
            } else {
                b""
            }
        );
    }
    let _ = std::fs::remove_file(&file);
    let root = format!("http://{}/", pot.address());
    let page = run("wget", &["-qO-", &root]).await;
    assert!(page.contains("It works!"));
    pot.opened().await;
    let steps = pot.rest().await;
    let agent = requests(&steps)[0]
        .2
        .iter()
        .find(|(name, _)| name.0 == b"User-Agent");
    assert!(agent.unwrap().1.0.starts_with(b"Wget/"));
}

#[tokio::test]
async fn https_is_http_over_tls() {
    let mut pot = Pot::start("https", json!({"linger": 1, "hostname": "shop.example"})).await;
    let url = format!("https://shop.example:{}/admin", pot.port());
    let resolve = format!("shop.example:{}:127.0.0.1", pot.port());
    let common = ["-sik", "--resolve", &resolve, "-u", "root:root", &url];
    for (extra, version, alpn) in [
        (&["--tlsv1.3"][..], "1.3", vec![b"h2, http/1.1".to_vec()]),
        (&["--tls-max", "1.2", "--no-alpn"][..], "1.2", vec![]),
    ] {
        let answer = run("curl", &[&common, extra].concat()).await;
        assert!(answer.starts_with("HTTP/1.1 200 OK\r\nServer: nginx/1.18.0 (Ubuntu)\r\n"));
        pot.opened().await;
        let steps = pot.rest().await;
        assert_eq!(steps[0], InteractionKind::Connect);
        assert_eq!(attributes(&steps, "server_name"), [b"shop.example"]);
        assert_eq!(attributes(&steps, "alpn"), alpn);
        assert_eq!(attributes(&steps, "tls_version"), [version.as_bytes()]);
        assert_eq!(logins(&steps), [login("root", "root", Password, true)]);
    }
    // Who asks for another protocol only is served all the same.
    let connect = format!("127.0.0.1:{}", pot.port());
    let script = format!("echo | openssl s_client -connect {connect} -alpn h2 2>&1");
    let seen = run("sh", &["-c", &script]).await;
    assert!(
        seen.contains("CN = shop.example") || seen.contains("CN=shop.example"),
        "{seen}"
    );
    pot.opened().await;
    assert_eq!(attributes(&pot.rest().await, "alpn"), [b"h2"]);
}

#[tokio::test]
async fn what_is_no_tls_is_recorded_and_answered() {
    let request = b"GET /x HTTP/1.1\r\nHost: x\r\n\r\n".as_slice();
    for (face, words) in [
        (
            "nginx",
            "<title>400 The plain HTTP request was sent to HTTPS port</title>",
        ),
        (
            "apache",
            "speaking plain HTTP to an SSL-enabled server port",
        ),
        ("iis", ""),
    ] {
        let mut pot = Pot::start("https", json!({"linger": 1, "face": face})).await;
        let answer = send(&pot, &[request, b"more"].concat()).await;
        assert!(String::from_utf8_lossy(&answer).contains(words), "{face}");
        pot.opened().await;
        let steps = pot.rest().await;
        assert_eq!(bytes(&steps, Direction::In), [request, b"more"].concat());
        assert_eq!(why(&steps), "no TLS handshake");
    }
    for hello in [
        b"\x16\x03\x01\x00\x05\x01\x00\x00\x01\xff".as_slice(),
        // A hello of SSL 2, which is known to be none at its first byte.
        b"\x80\x1f\x01\x00\x02\x00\x06\x00\x00\x00\x10\x01\x00\x80\x02\x00\x80and its challenge",
    ] {
        let mut pot = Pot::start("https", brief()).await;
        send(&pot, hello).await;
        pot.opened().await;
        let steps = pot.rest().await;
        assert_eq!(bytes(&steps, Direction::In), hello);
        assert!(
            why(&steps).starts_with("no TLS handshake: "),
            "{}",
            why(&steps)
        );
    }
}

/// What nmap says of a honeypot.
async fn nmap(name: &str, face: &str) -> String {
    let honeypot = Pot::start(name, json!({"face": face})).await;
    let port = honeypot.port().to_string();
    let arguments = [
        "-sV",
        "--version-light",
        "-Pn",
        "-n",
        "-p",
        &port,
        "127.0.0.1",
    ];
    let seen = run("nmap", &arguments).await;
    let line = seen.lines().find(|line| line.starts_with(&port));
    let words: Vec<_> = line.unwrap_or(&seen).split_whitespace().skip(2).collect();
    words.join(" ")
}

#[tokio::test]
async fn nmap_names_the_product() {
    let scans = [
        // On a port that is not known for TLS, nmap is content with what nginx and Apache say to plain HTTP.
        (
            "nginx",
            "http nginx 1.18.0 (Ubuntu)",
            "ssl/http nginx 1.18.0",
        ),
        (
            "apache",
            "http Apache httpd 2.4.52 ((Ubuntu))",
            "http Apache httpd 2.4.52",
        ),
        (
            "iis",
            "http Microsoft IIS httpd 10.0",
            "ssl/http Microsoft IIS httpd 10.0",
        ),
        (
            "router",
            "http TP-LINK WR841N WAP http config",
            "ssl/http TP-LINK WR841N WAP http config",
        ),
    ];
    let scans = scans.map(|(face, plain, tls)| {
        tokio::spawn(async move {
            let (http, https) = tokio::join!(nmap("http", face), nmap("https", face));
            assert_eq!(http, plain);
            assert_eq!(https, tls);
        })
    });
    for scan in scans {
        scan.await.unwrap();
    }
}
