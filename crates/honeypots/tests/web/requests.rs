//! Requests byte by byte, and what is none.

use serde_json::json;
use skep_model::{Bytes, Classification, Digest, Direction, InteractionKind, Severity, limits};

use super::{
    brief,
    common::{Pot, attributes, bytes, severity},
    header, requests, send, why,
};

#[tokio::test]
async fn a_request_stands_in_the_event_byte_by_byte() {
    let mut pot = Pot::start("http", brief()).await;
    let request =
        b"pUt /<script>\xff?q=\xc3%00 HTTP/1.1\r\nhOST: x\r\nX-Odd: \xfe\x80=cmd|'/c'!A1\t\xf0\r\n\
        X-Odd: again\r\nContent-Length: 9\r\n\r\n\x00\xff\r\n\r\n{{}}";
    let answer = send(&pot, &request[..]).await;
    assert!(answer.starts_with(b"HTTP/1.1 400 Bad Request\r\nServer: nginx/1.18.0 (Ubuntu)\r\n"));
    pot.opened().await;
    assert_eq!(pot.step().await, InteractionKind::Connect);
    let pair = |name: &[u8], value: &[u8]| (Bytes(name.to_vec()), Bytes(value.to_vec()));
    let kind = InteractionKind::Request {
        method: "pUt".into(),
        path: Bytes(b"/<script>\xff?q=\xc3%00".to_vec()),
        headers: vec![
            pair(b"hOST", b"x"),
            pair(b"X-Odd", b"\xfe\x80=cmd|'/c'!A1\t\xf0"),
            pair(b"X-Odd", b"again"),
            pair(b"Content-Length", b"9"),
        ],
        body: Bytes(b"\x00\xff\r\n\r\n{{}}"[..9].to_vec()),
    };
    assert_eq!(pot.step().await, kind);
    let steps = pot.rest().await;
    // One byte more than the body was long is recorded, too.
    assert_eq!(bytes(&steps, Direction::In), b"}");
    assert_eq!(why(&steps), "a malformed request");
    let mut digest = Digest::default();
    digest.add(&kind);
    assert_eq!(digest.classification(), Classification::Honeypot);
}

#[tokio::test]
async fn requests_on_one_connection_are_answered_in_their_order() {
    let mut pot = Pot::start("http", brief()).await;
    let pipeline = b"GET / HTTP/1.1\r\nHost: x\r\n\r\nHEAD /no HTTP/1.1\r\nHost: x\r\n\r\n\
        POST /form HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3;x\r\nabc\r\n0\r\n\r\n\
        GET /last HTTP/1.0\r\n\r\n";
    let answer = send(&pot, pipeline).await;
    let answer = String::from_utf8(answer).unwrap();
    let states: Vec<_> = answer
        .match_indices("HTTP/1.1 ")
        .map(|(at, _)| &answer[at + 9..at + 12])
        .collect();
    assert_eq!(states, ["200", "404", "404", "404"]);
    assert_eq!(header(&answer, "Connection"), Some("keep-alive"));
    assert!(answer.contains("<title>Welcome to nginx!</title>"));
    pot.opened().await;
    let steps = pot.rest().await;
    let asked: Vec<_> = requests(&steps).iter().map(|r| (r.0, r.1, r.3)).collect();
    let expected: [(&[u8], &[u8], &[u8]); 4] = [
        (b"GET", b"/", b""),
        (b"HEAD", b"/no", b""),
        (b"POST", b"/form", b"abc"),
        (b"GET", b"/last", b""),
    ];
    assert_eq!(asked, expected);
    assert_eq!(bytes(&steps, Direction::In), b"3;x\r\nabc\r\n0\r\n\r\n");
    assert_eq!(attributes(&steps, "version"), [b"HTTP/1.0"]);
    let mut digest = Digest::default();
    for step in &steps {
        digest.add(step);
    }
    assert_eq!(digest.summary(), "4 requests: GET /last");
}

#[tokio::test]
async fn smuggling_is_recorded_as_it_is() {
    let mut pot = Pot::start("http", brief()).await;
    for (fields, status, body, rest) in [
        // Chunks win over a length; what follows them is the next request.
        (
            "Content-Length: 6\r\nTransfer-Encoding: chunked",
            "404",
            "",
            "0\r\n\r\nG",
        ),
        (
            "Content-Length: 5\r\nContent-Length: 6",
            "400",
            "",
            "0\r\n\r\nG",
        ),
        ("Transfer-Encoding: xchunked", "501", "", "0\r\n\r\nG"),
        ("Content-Length: +6", "400", "", "0\r\n\r\nG"),
    ] {
        let request = format!("POST /s HTTP/1.1\r\nHost: x\r\n{fields}\r\n\r\n0\r\n\r\nG");
        let answer = send(&pot, request.as_bytes()).await;
        assert_eq!(&answer[9..12], status.as_bytes(), "{fields}");
        pot.opened().await;
        let steps = pot.rest().await;
        let asked = requests(&steps);
        assert_eq!((asked.len(), asked[0].3), (1, body.as_bytes()), "{fields}");
        let sent: Vec<_> = asked[0].2[1..]
            .iter()
            .map(|(n, v)| [n.as_ref(), b": ", v.as_ref()].concat())
            .collect();
        assert_eq!(sent.join(b"\r\n".as_slice()), fields.as_bytes());
        assert_eq!(bytes(&steps, Direction::In), rest.as_bytes(), "{fields}");
    }
    for odd in [
        "GET / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding : chunked\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: x\r\nX: a\r\n b\r\n\r\n",
    ] {
        let answer = send(&pot, odd.as_bytes()).await;
        assert!(answer.starts_with(b"HTTP/1.1 400 "));
        pot.opened().await;
        let steps = pot.rest().await;
        assert!(requests(&steps).is_empty());
        assert_eq!(bytes(&steps, Direction::In), odd.as_bytes());
        assert_eq!(why(&steps), "a malformed request");
    }
}

#[tokio::test]
async fn what_is_no_request_is_recorded_and_answered() {
    let mut pot = Pot::start("http", brief()).await;
    let long = format!("GET /{} HTTP/1.1\r\n\r\n", "a".repeat(200_000));
    let many = format!("GET / HTTP/1.1\r\n{}\r\n", "A: b\r\n".repeat(20_000));
    for (sent, status) in [
        (
            b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03".as_slice(),
            "400",
        ),
        (b"GET / HTTP/3.0\r\nHost: x\r\n\r\nrest", "505"),
        (b"OPTIONS / RTSP/1.0\r\n\r\n", "400"),
        (b"SSH-2.0-Go\r\n", "400"),
        (b"\x00\x00\x00\xa4\xffSMBr", "400"),
        (long.as_bytes(), "414"),
        (many.as_bytes(), "400"),
    ] {
        let answer = send(&pot, sent).await;
        assert_eq!(&answer[9..12], status.as_bytes(), "{sent:?}");
        pot.opened().await;
        let steps = pot.rest().await;
        let heard = bytes(&steps, Direction::In);
        assert!(requests(&steps).is_empty());
        assert!(
            heard.len() >= sent.len().min(limits::VALUE),
            "{}",
            heard.len()
        );
        assert!(sent.starts_with(&heard), "{status}");
    }
    // An unfinished head is recorded, and not answered.
    assert_eq!(send(&pot, b"GET / HTTP/1.1\r\nHos").await, b"");
    pot.opened().await;
    assert_eq!(
        bytes(&pot.rest().await, Direction::In),
        b"GET / HTTP/1.1\r\nHos"
    );
    // HTTP/0.9 is answered with nothing but the page.
    assert!(
        send(&pot, b"GET /\r\n")
            .await
            .starts_with(b"<!DOCTYPE html>")
    );
    pot.opened().await;
    let steps = pot.rest().await;
    assert_eq!(attributes(&steps, "version"), [b"HTTP/0.9"]);
    assert_eq!(requests(&steps)[0].1, b"/");
}

#[tokio::test]
async fn a_body_is_cut_and_counted_and_half_of_one_is_kept() {
    let mut pot = Pot::start("http", json!({"linger": 1, "face": "apache"})).await;
    let head = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n".as_slice();
    let answer = send(&pot, &[head, &vec![b'a'; 1_000_000]].concat()).await;
    assert!(answer.starts_with(b"HTTP/1.1 200 "));
    pot.opened().await;
    let steps = pot.rest().await;
    assert_eq!(requests(&steps)[0].3.len(), limits::VALUE);
    let text = format!("cut to {} of 1000000 bytes", limits::VALUE);
    assert!(steps.contains(&InteractionKind::Note { text }));
    assert_eq!(send(&pot, &[head, b"half"].concat()).await, b"");
    pot.opened().await;
    let steps = pot.rest().await;
    assert_eq!(requests(&steps)[0].3, b"half");
    assert_eq!(why(&steps), "closed by the source");
}

#[tokio::test]
async fn methods_are_answered_as_the_product_does() {
    for (face, answers) in [
        (
            "nginx",
            [
                ("OPTIONS", "405"),
                ("TRACE", "405"),
                ("PUT", "405"),
                ("CONNECT", "400"),
                ("get", "400"),
                ("POST", "405"),
            ],
        ),
        (
            "apache",
            [
                ("OPTIONS", "200"),
                ("TRACE", "405"),
                ("PUT", "405"),
                ("CONNECT", "405"),
                ("FOO", "501"),
                ("POST", "200"),
            ],
        ),
        (
            "iis",
            [
                ("OPTIONS", "200"),
                ("TRACE", "501"),
                ("PUT", "405"),
                ("CONNECT", "400"),
                ("FOO", "405"),
                ("POST", "405"),
            ],
        ),
        (
            "router",
            [
                ("OPTIONS", "501"),
                ("TRACE", "501"),
                ("PUT", "501"),
                ("CONNECT", "501"),
                ("FOO", "501"),
                ("POST", "200"),
            ],
        ),
    ] {
        let pot = Pot::start("http", json!({"face": face})).await;
        for (method, status) in answers {
            let request = format!("{method} / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
            let answer = send(&pot, request.as_bytes()).await;
            assert_eq!(&answer[9..12], status.as_bytes(), "{face} {method}");
        }
        for (request, status) in [
            ("GET /../../etc/passwd HTTP/1.1\r\nHost: x\r\n\r\n", "400"),
            ("GET http://192.0.2.1/x HTTP/1.1\r\nHost: x\r\n\r\n", "404"),
            ("GET / HTTP/1.1\r\n\r\n", "400"),
            ("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", "400"),
        ] {
            let answer = send(&pot, request.as_bytes()).await;
            let lenient = face == "router" && !request.contains("..");
            let status = match status {
                _ if lenient && request.contains("192") => "401",
                _ if lenient => "200",
                status => status,
            };
            assert_eq!(&answer[9..12], status.as_bytes(), "{face} {request}");
        }
    }
}

#[tokio::test]
async fn an_upload_and_code_for_a_shell_matter_more_than_a_request() {
    let form = "--b\r\nContent-Disposition: form-data; name=\"f\"; filename=\"x.php\"\r\n\r\n<?php\r\n--b--\r\n";
    let upload = format!(
        "POST /upload.php HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\
        Content-Type: multipart/form-data; boundary=b\r\nContent-Length: {}\r\n\r\n{form}",
        form.len()
    );
    let head = "Host: x\r\nConnection: close\r\n";
    for (request, expected) in [
        (format!("GET / HTTP/1.1\r\n{head}\r\n"), Severity::Medium),
        (
            format!("PUT /x.jsp HTTP/1.1\r\n{head}Content-Length: 2\r\n\r\n<%"),
            Severity::High,
        ),
        (upload, Severity::High),
        (
            format!("GET /cgi-bin/x HTTP/1.1\r\n{head}User-Agent: () {{ :; }}; id\r\n\r\n"),
            Severity::High,
        ),
    ] {
        let mut pot = Pot::start("http", brief()).await;
        send(&pot, request.as_bytes()).await;
        pot.opened().await;
        assert_eq!(severity(&pot.rest().await), expected, "{request}");
    }
}
