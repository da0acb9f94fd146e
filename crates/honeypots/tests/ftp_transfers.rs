//! The FTP honeypot's data connections: what goes over them, and what they may not do.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod common;

use std::{
    net::{IpAddr, Ipv6Addr},
    time::Duration,
};

use common::{
    Client, Pot, TCP, bytes, closed, commands, file,
    ftp::{fetch, logged_in, passive, put},
    login, none, verb,
};
use serde_json::json;
use skep_honeypots::listen::Limits;
use skep_model::{Direction, InteractionKind, LoginMethod::Password, limits};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpSocket, TcpStream},
};

#[tokio::test]
async fn what_is_uploaded_can_be_listed_and_fetched_again_in_this_session_only() {
    let mut pot = Pot::start("ftp", none()).await;
    let mut client = logged_in(&pot, "root", "root").await;
    pot.opened().await;
    let content: Vec<u8> = (0..200_000_u32)
        .map(|n| (n.wrapping_mul(n) >> 3) as u8)
        .collect();
    assert_eq!(
        put(&mut client, "STOR /tmp/a b\0", &content).await,
        "226 Transfer complete."
    );
    let (listing, end) = fetch(&mut client, "LIST /tmp").await;
    assert_eq!(end, "226 Directory send OK.");
    let listing = String::from_utf8(listing).unwrap();
    assert!(
        listing.starts_with("-rw-r--r--    1 0        0          200000 "),
        "{listing}"
    );
    assert!(listing.ends_with(" a b\0\r\n"), "{listing}");
    let (again, end) = fetch(&mut client, "RETR /tmp/a b\0").await;
    assert_eq!(
        (again == content, end.as_str()),
        (true, "226 Transfer complete.")
    );
    client.ask("REST 199990").await;
    assert_eq!(
        fetch(&mut client, "RETR /tmp/a b\0").await.0,
        content[199_990..]
    );
    put(&mut client, "APPE /tmp/a b\0", b"more").await;
    assert_eq!(client.ask("SIZE /tmp/a b\0").await, "213 200004");
    client.ask("REST 2").await;
    put(&mut client, "STOR /tmp/a b\0", b"XY").await;
    let (again, _) = fetch(&mut client, "RETR /tmp/a b\0").await;
    assert_eq!(
        again,
        [&content[..2], b"XY", &content[4..], b"more"].concat()
    );
    assert_eq!(
        put(&mut client, "STOU x", b"1").await,
        "226 Transfer complete."
    );
    assert_eq!(
        put(&mut client, "STOU x", b"").await,
        "226 Transfer complete."
    );
    assert_eq!(fetch(&mut client, "NLST").await.0, b"x\r\nx.1\r\n");
    client.ask("QUIT").await;
    let steps = pot.rest().await;
    let files: Vec<_> = steps
        .iter()
        .filter(|kind| matches!(kind, InteractionKind::File { .. }))
        .collect();
    assert_eq!(
        files,
        [
            &file("/tmp/a b\0", &content),
            &file("/tmp/a b\0", b"more"),
            &file("/tmp/a b\0", b"XY"),
            &file("x", b"1"),
            &file("x.1", b""),
        ]
    );
    assert_eq!(
        bytes(&steps, Direction::In),
        [&content, b"moreXY1".as_slice()].concat()
    );
    let mut other = logged_in(&pot, "root", "root").await;
    assert_eq!(
        other.ask("SIZE /tmp/a b\0").await,
        "550 Could not get file size."
    );
}

#[tokio::test]
async fn a_large_upload_is_hashed_whole_though_not_kept_whole() {
    let mut pot = Pot::start("ftp", none()).await;
    let mut client = logged_in(&pot, "anonymous", "a@b").await;
    pot.opened().await;
    let content = b"0123456789abcde\n".repeat(12 * 65_536);
    assert_eq!(
        put(&mut client, "STOR big", &content).await,
        "226 Transfer complete."
    );
    assert_eq!(
        client.ask("SIZE big").await,
        format!("213 {}", content.len())
    );
    passive(&mut client).await;
    assert_eq!(client.ask("RETR big").await, "550 Failed to open file.");
    put(&mut client, "STOR big", b"x").await;
    assert_eq!(fetch(&mut client, "RETR big").await.0, b"x");
    put(&mut client, "STOR small", b"x").await;
    client.ask("QUIT").await;
    let steps = pot.rest().await;
    assert!(steps.contains(&file("big", &content)));
    assert!(steps.contains(&file("small", b"x")));
    let kept = bytes(&steps, Direction::In);
    assert!(
        kept.len() <= limits::EVENT && kept.len() > limits::EVENT - 1024 * 1024,
        "{}",
        kept.len()
    );
    assert!(content.starts_with(&kept));
    let note = format!(
        "the first {} of {} bytes were kept",
        kept.len(),
        content.len()
    );
    assert!(steps.contains(&InteractionKind::Note { text: note }));
    assert_eq!(commands(&steps).last().unwrap(), b"QUIT");
}

#[tokio::test]
async fn an_upload_that_breaks_off_is_recorded_as_far_as_it_came() {
    let limits = Limits {
        idle: Duration::from_millis(300),
        ..Limits::default()
    };
    let mut pot = Pot::start_on("ftp", none(), &[TCP], limits).await.unwrap();
    let mut client = logged_in(&pot, "root", "root").await;
    pot.opened().await;
    let mut names = ["whole", "half"].into_iter();
    let _stalled = loop {
        let name = names.next().unwrap();
        let mut data = TcpStream::connect(passive(&mut client).await)
            .await
            .unwrap();
        client.ask(format!("STOR /tmp/{name}")).await;
        // For longer than a source may be silent: the upload is what it says.
        for _ in 0..5 {
            data.write_all(b"half").await.unwrap();
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        if name == "half" {
            break data;
        }
        drop(data);
        assert_eq!(client.answer().await, "226 Transfer complete.");
    };
    let steps = pot.rest().await;
    assert!(steps.contains(&file("/tmp/half", &b"half".repeat(5))));
    let text = "the upload ended early: silent for 0 s".to_owned();
    assert!(steps.contains(&InteractionKind::Note { text }));
    assert_eq!(closed(&steps), "silent for 0 s");
}

#[tokio::test]
async fn an_anonymous_user_sees_the_share_and_nothing_else() {
    let mut pot = Pot::start("ftp", json!({"delay": 0})).await;
    let mut client = logged_in(&pot, "Anonymous", "mozilla@example.com").await;
    pot.opened().await;
    assert_eq!(
        client.ask("PWD").await,
        "257 \"/\" is the current directory"
    );
    assert_eq!(
        client.ask("CWD ../../etc").await,
        "550 Failed to change directory."
    );
    assert_eq!(
        fetch(&mut client, "NLST").await.0,
        b"backup\r\npub\r\nupload\r\n"
    );
    let (listing, end) = fetch(&mut client, "LIST /etc").await;
    assert_eq!(
        (listing.as_slice(), end.as_str()),
        (b"".as_slice(), "226 Directory send OK.")
    );
    passive(&mut client).await;
    assert_eq!(client.ask("STOR pub/x").await, "553 Could not create file.");
    assert_eq!(
        put(&mut client, "STOR Photo.scr", b"MZ").await,
        "226 Transfer complete."
    );
    client.ask("QUIT").await;
    assert_eq!(pot.step().await, InteractionKind::Connect);
    assert_eq!(pot.step().await, verb("USER Anonymous"));
    assert_eq!(
        pot.step().await,
        login("Anonymous", "mozilla@example.com", Password, true)
    );
    pot.rest().await;

    let pot = Pot::start("ftp", json!({"delay": 0, "anonymous": "no"})).await;
    let mut client = Client::connect(pot.address()).await;
    client.ask("USER ftp").await;
    client.answer().await;
    assert_eq!(client.ask("PASS ftp").await, "530 Login incorrect.");
}

#[tokio::test]
async fn a_data_port_is_open_for_one_connection_of_the_same_source() {
    let pot = Pot::start("ftp", json!({"passive_ports": "40210-40213"})).await;
    let mut client = logged_in(&pot, "root", "root").await;
    let address = passive(&mut client).await;
    assert!((40210..=40213).contains(&address.port()));
    let stranger = TcpSocket::new_v4().unwrap();
    stranger.bind("127.0.0.2:0".parse().unwrap()).unwrap();
    let mut stranger = stranger.connect(address).await.unwrap();
    let mut data = TcpStream::connect(address).await.unwrap();
    client.ask("NLST /srv/ftp/pub").await;
    let mut seen = vec![];
    let _ = stranger.read_to_end(&mut seen).await;
    assert_eq!(seen, b"");
    data.read_to_end(&mut seen).await.unwrap();
    assert_eq!(seen, b"/srv/ftp/pub/README.txt\r\n");
    client.answer().await;
    assert!(
        TcpStream::connect(address).await.is_err(),
        "closed after one connection"
    );

    let first = passive(&mut client).await;
    let second = passive(&mut client).await;
    if first != second {
        assert!(
            TcpStream::connect(first).await.is_err(),
            "closed by the next PASV"
        );
    }
    client.ask("QUIT").await;
    client.rest().await;
    assert!(
        TcpStream::connect(second).await.is_err(),
        "closed with the session"
    );
}

#[tokio::test]
async fn data_connections_are_counted_and_not_waited_for_without_end() {
    let limits = Limits {
        per_source: 2,
        ..Limits::default()
    };
    let mut pot = Pot::start_on("ftp", none(), &[TCP], limits).await.unwrap();
    let mut first = logged_in(&pot, "root", "root").await;
    pot.opened().await;
    let data = passive(&mut first).await;
    let _held = TcpStream::connect(data).await.unwrap();
    assert_eq!(
        Client::connect(pot.address()).await.rest().await,
        b"",
        "both places are taken"
    );
    // A new port in the place of the old one needs no more places.
    passive(&mut first).await;
    assert!(
        first
            .ask("EPSV")
            .await
            .starts_with("229 Entering Extended Passive Mode (|||")
    );
    first.ask("ABOR").await;
    drop(first);
    pot.rest().await;

    let limits = Limits {
        per_source: 1,
        idle: Duration::from_millis(300),
        ..Limits::default()
    };
    let mut pot = Pot::start_on("ftp", none(), &[TCP], limits).await.unwrap();
    let mut client = logged_in(&pot, "root", "root").await;
    pot.opened().await;
    assert_eq!(client.ask("PASV").await, "500 OOPS: vsf_sysutil_bind");
    assert_eq!(closed(&pot.rest().await), "no port for a data connection");
    let limits = Limits {
        idle: Duration::from_millis(300),
        ..Limits::default()
    };
    let mut pot = Pot::start_on("ftp", none(), &[TCP], limits).await.unwrap();
    let mut client = logged_in(&pot, "root", "root").await;
    pot.opened().await;
    passive(&mut client).await;
    client.say("LIST\r\n").await;
    assert_eq!(closed(&pot.rest().await), "silent for 0 s");
}

#[tokio::test]
async fn over_ipv6_the_plain_passive_mode_names_no_address_and_works_all_the_same() {
    let host = IpAddr::V6(Ipv6Addr::LOCALHOST);
    let pot = Pot::start_at(host, "ftp", none(), &[TCP], Limits::default())
        .await
        .unwrap();
    let mut client = Client::connect((host, pot.port())).await;
    client.say("USER ftp\r\nPASS x\r\n").await;
    for _ in 0..3 {
        client.answer().await;
    }
    assert!(client.ask("EPSV 2").await.starts_with("229 "));
    let named = passive(&mut client).await;
    assert!(named.ip().is_unspecified());
    let mut data = TcpStream::connect((host, named.port())).await.unwrap();
    client.ask("NLST pub").await;
    let mut listing = vec![];
    data.read_to_end(&mut listing).await.unwrap();
    assert_eq!(listing, b"pub/README.txt\r\n");
}
