//! Whether a service answers.

use std::{net::SocketAddr, time::Duration};

use skep_protocol::manifest::{Protocol, Ready};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpStream, UdpSocket},
    time::{Instant, sleep, timeout},
};

/// How long a service may take from its start to its first answer.
pub(crate) const DEADLINE: Duration = Duration::from_secs(30);

/// How long one try may take.
const TRY: Duration = Duration::from_secs(5);

/// How long to wait between two tries.
const PAUSE: Duration = Duration::from_millis(200);

/// How long a service that listens nowhere has to run before it counts as running.
const RUNS: Duration = Duration::from_secs(3);

/// Tries until the service at `address` answers as its manifest says, or says why it does not.
pub(crate) async fn wait(ready: &Ready, address: Option<SocketAddr>) -> Result<(), String> {
    let Some(address) = address else {
        sleep(RUNS).await;
        return Ok(());
    };
    let end = Instant::now() + DEADLINE;
    loop {
        let left = end.saturating_duration_since(Instant::now());
        let tried = timeout(TRY.min(left), ask(ready, address)).await;
        let problem = match tried {
            Ok(Ok(())) => return Ok(()),
            Ok(Err(problem)) => problem,
            Err(_) => "nothing came back".to_owned(),
        };
        if Instant::now() + PAUSE >= end {
            return Err(problem);
        }
        sleep(PAUSE).await;
    }
}

async fn ask(ready: &Ready, address: SocketAddr) -> Result<(), String> {
    let said = |error: std::io::Error| error.to_string();
    match ready {
        Ready::Runs => Ok(()),
        Ready::Connect { .. } => TcpStream::connect(address).await.map(drop).map_err(said),
        Ready::Answer {
            protocol: Protocol::Tcp,
            send,
            expect,
            ..
        } => {
            let mut stream = TcpStream::connect(address).await.map_err(said)?;
            stream.write_all(&send.0).await.map_err(said)?;
            let mut answer = vec![0; expect.0.len()];
            let mut length = 0;
            while length < answer.len() {
                let Some(rest) = answer.get_mut(length..) else {
                    break;
                };
                match stream.read(rest).await.map_err(said)? {
                    0 => break,
                    more => length += more,
                }
            }
            answer.truncate(length);
            compare(&answer, &expect.0)
        }
        Ready::Answer {
            protocol: Protocol::Udp,
            send,
            expect,
            ..
        } => {
            let any: SocketAddr = if address.is_ipv4() {
                ([0; 4], 0).into()
            } else {
                ([0u16; 8], 0).into()
            };
            let socket = UdpSocket::bind(any).await.map_err(said)?;
            socket.connect(address).await.map_err(said)?;
            socket.send(&send.0).await.map_err(said)?;
            let mut answer = vec![0; 65_535];
            let length = socket.recv(&mut answer).await.map_err(said)?;
            answer.truncate(length);
            compare(&answer, &expect.0)
        }
    }
}

fn compare(answer: &[u8], expect: &[u8]) -> Result<(), String> {
    if answer.starts_with(expect) {
        return Ok(());
    }
    let shown = |bytes| skep_model::raw::visible(skep_model::raw::cut(bytes, 100));
    Err(format!(
        "the answer begins with \"{}\" and not with \"{}\"",
        shown(answer),
        shown(expect)
    ))
}
