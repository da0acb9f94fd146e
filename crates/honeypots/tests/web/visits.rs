//! Log-ins, and which connections are one event.

use std::{collections::HashMap, path::Path, time::Duration};

use serde_json::json;
use skep_honeypots::record::Report;
use skep_model::{InteractionKind, LoginMethod::Password};
use tokio::{io::AsyncWriteExt, net::TcpStream, time::timeout};

use super::{
    brief,
    common::{Pot, contains, login, none},
    header, logins, requests, run, send, why,
};

#[tokio::test]
async fn basic_credentials_are_logins() {
    let mut pot = Pot::start("http", json!({"linger": 1, "accept": ["admin/secret"]})).await;
    let url = format!("http://{}/admin", pot.address());
    let answer = run("curl", &["-si", &url]).await;
    assert!(answer.starts_with("HTTP/1.1 401 Unauthorized\r\n"));
    assert_eq!(
        header(&answer, "WWW-Authenticate"),
        Some("Basic realm=\"Restricted\"")
    );
    pot.opened().await;
    assert!(logins(&pot.rest().await).is_empty());
    for (password, status) in [("wr\"ong:\u{e9}", "401"), ("secret", "200")] {
        let given = format!("admin:{password}");
        let answer = run("curl", &["-si", "-u", &given, &url]).await;
        assert_eq!(&answer[9..12], status);
        assert_eq!(
            answer.contains("Signed in as <b>admin</b>"),
            status == "200"
        );
        pot.opened().await;
        let steps = pot.rest().await;
        assert_eq!(
            logins(&steps),
            [login("admin", password, Password, status == "200")]
        );
    }
}

#[tokio::test]
async fn a_form_is_a_login_and_leads_inside() {
    let jar = std::env::temp_dir().join(format!("skep-web-jar-{}", std::process::id()));
    let jar = jar.to_str().unwrap();
    let mut pot = Pot::start(
        "http",
        json!({"linger": 2, "accept": ["root/p w&"], "title": "Cam <1>"}),
    )
    .await;
    let at = |path: &str| format!("http://{}{path}", pot.address());
    let form = run("curl", &["-s", "-c", jar, &at("/login")]).await;
    assert!(form.contains("<title>Cam &lt;1&gt;</title>"));
    let fields = ["-d", "username=root", "--data-urlencode", "password=p w&"];
    let (page, wrong) = (at("/login"), at("/wp-login.php"));
    let answer = run(
        "curl",
        &[
            "-s",
            "-b",
            jar,
            "-F",
            "username=root",
            "-F",
            "password=x",
            &page,
        ],
    )
    .await;
    assert!(answer.contains("Invalid username or password"));
    let posted = [&["-sL", "-b", jar], fields.as_slice(), &[&page]].concat();
    let answer = run("curl", &posted).await;
    assert!(answer.contains("Signed in as <b>root</b>"), "{answer}");
    run(
        "curl",
        &[
            "-s",
            "-b",
            jar,
            "-H",
            "Content-Type: application/json",
            "-d",
            "{\"log\":\"a\",\"pwd\":\"b\"}",
            &wrong,
        ],
    )
    .await;
    let _ = std::fs::remove_file(Path::new(jar));
    // All of it is one event: curl came back with its cookie every time.
    pot.opened().await;
    let steps = pot.rest().await;
    let expected = [
        login("root", "x", Password, false),
        login("root", "p w&", Password, true),
        login("a", "b", Password, false),
    ];
    assert_eq!(logins(&steps), expected);
    let paths: Vec<_> = requests(&steps).iter().map(|r| r.1).collect();
    let expected: [&[u8]; 5] = [
        b"/login",
        b"/login",
        b"/login",
        b"/dashboard",
        b"/wp-login.php",
    ];
    assert_eq!(paths, expected);
    let connections = steps
        .iter()
        .filter(|kind| **kind == InteractionKind::Connect);
    assert_eq!(connections.count(), 4);
    assert_eq!(why(&steps), "no request for 2 s");
}

#[tokio::test]
async fn without_its_cookie_a_connection_is_an_event() {
    let mut pot = Pot::start("http", brief()).await;
    let answer = send(&pot, b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").await;
    let answer = String::from_utf8(answer).unwrap();
    let cookie = header(&answer, "Set-Cookie")
        .unwrap()
        .split(';')
        .next()
        .unwrap();
    let first = pot.opened().await;
    // Another cookie, and none at all: events of their own.
    for other in ["Cookie: PHPSESSID=abc", "X: y"] {
        let request = format!("GET /other HTTP/1.1\r\nHost: x\r\n{other}\r\n\r\n");
        send(&pot, request.as_bytes()).await;
    }
    let request = format!("GET /again HTTP/1.1\r\nHost: x\r\nCookie: a=b; {cookie}\r\n\r\n");
    let answer = send(&pot, request.as_bytes()).await;
    assert!(!contains(&answer, b"Set-Cookie"));
    let mut paths = HashMap::<_, Vec<_>>::new();
    let mut closed = 0;
    while closed < 3 {
        match pot.report().await {
            Report::Step {
                event, interaction, ..
            } => {
                if let InteractionKind::Request { path, .. } = interaction.kind {
                    paths.entry(event).or_default().push(path.0);
                }
            }
            Report::Close { .. } => closed += 1,
            Report::Open { .. } => {}
        }
    }
    assert_eq!(paths.len(), 3);
    assert_eq!(paths[&first], [b"/".to_vec(), b"/again".to_vec()]);
}

#[tokio::test]
async fn a_connection_that_says_nothing_shows_soon() {
    let mut pot = Pot::start("http", json!({"linger": 30})).await;
    send(&pot, b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").await;
    pot.opened().await;
    let mut stream = TcpStream::connect(pot.address()).await.unwrap();
    stream.write_all(b"GET / HT").await.unwrap();
    loop {
        // The first visitor's event is still open; this is another.
        if let Report::Open { .. } = pot.report().await {
            break;
        }
    }
}

#[tokio::test]
async fn stopping_ends_events_that_wait_for_their_visitor() {
    let mut pot = Pot::start("http", none()).await;
    send(&pot, b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").await;
    let event = pot.opened().await;
    let Pot {
        running,
        mut reports,
    } = pot;
    running.stop().await;
    let mut last = None;
    while let Some(report) = timeout(Duration::from_secs(10), reports.recv())
        .await
        .unwrap()
    {
        last = Some(report);
    }
    assert!(matches!(last, Some(Report::Close { event: closed, .. }) if closed == event));
}
