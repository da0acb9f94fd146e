//! What an FTP client does.

use std::net::SocketAddr;

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use super::{Client, Pot};

/// A client that is logged in.
pub async fn logged_in(pot: &Pot, user: &str, password: &str) -> Client {
    let mut client = Client::connect(pot.address()).await;
    assert_eq!(client.answer().await, "220 (vsFTPd 3.0.5)");
    let asked = client.ask(format!("USER {user}")).await;
    assert_eq!(asked, "331 Please specify the password.");
    let let_in = client.ask(format!("PASS {password}")).await;
    assert_eq!(let_in, "230 Login successful.");
    client
}

/// Where `PASV` wants the data connection.
pub async fn passive(client: &mut Client) -> SocketAddr {
    let answer = client.ask("PASV").await;
    let numbers = answer
        .strip_prefix("227 Entering Passive Mode (")
        .and_then(|rest| rest.strip_suffix(")."))
        .expect(&answer);
    let numbers: Vec<u8> = numbers.split(',').map(|n| n.parse().unwrap()).collect();
    let address: [u8; 4] = numbers[..4].try_into().unwrap();
    (address, u16::from_be_bytes([numbers[4], numbers[5]])).into()
}

/// Fetches what a command sends over a data connection.
pub async fn fetch(client: &mut Client, line: &str) -> (Vec<u8>, String) {
    let mut data = TcpStream::connect(passive(client).await).await.unwrap();
    let answer = client.ask(line).await;
    assert!(answer.starts_with("150 "), "{answer}");
    let mut content = vec![];
    data.read_to_end(&mut content).await.unwrap();
    (content, client.answer().await)
}

pub async fn put(client: &mut Client, line: &str, content: &[u8]) -> String {
    let mut data = TcpStream::connect(passive(client).await).await.unwrap();
    let answer = client.ask(line).await;
    assert!(answer.starts_with("150 "), "{answer}");
    data.write_all(content).await.unwrap();
    data.shutdown().await.unwrap();
    client.answer().await
}
