//! Whether a service answers.

use std::{io, net::SocketAddr, time::Duration};

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

/// What there is to say of a service that says nothing.
const NOTHING: &str = "nothing came back";

/// How many datagrams show that a UDP port is not closed, and how long to wait for the refusal of each.
const DATAGRAMS: u32 = 6;
const REFUSAL: Duration = Duration::from_millis(500);

/// How long a service that listens nowhere has to run before it counts as running.
const RUNS: Duration = Duration::from_secs(3);

/// Tries until the service at `address` answers as its manifest says, or says why it does not.
pub(crate) async fn wait(ready: &Ready, address: Option<SocketAddr>) -> Result<(), String> {
    let Some(address) = address else {
        sleep(RUNS).await;
        return Ok(());
    };
    let end = Instant::now() + DEADLINE;
    let mut problem = NOTHING.to_owned();
    loop {
        let left = end.saturating_duration_since(Instant::now());
        let tried = timeout(TRY.min(left), ask(ready, address)).await;
        match tried {
            Ok(Ok(())) => return Ok(()),
            Ok(Err(said)) => problem = said,
            // A last try that was cut short says nothing.
            Err(_) if left >= TRY => NOTHING.clone_into(&mut problem),
            Err(_) => {}
        }
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
        Ready::Connect {
            protocol: Protocol::Tcp,
            ..
        } => TcpStream::connect(address).await.map(drop).map_err(said),
        Ready::Connect {
            protocol: Protocol::Udp,
            ..
        } => {
            let socket = datagrams_to(address).await.map_err(said)?;
            // Where nobody listens, the system says so, once a second at most; where somebody does, there may be no
            // answer.
            for _ in 0..DATAGRAMS {
                socket.send(&[0]).await.map_err(said)?;
                if let Ok(answer) = timeout(REFUSAL, socket.recv(&mut [0])).await {
                    return answer.map(drop).map_err(said);
                }
            }
            Ok(())
        }
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
            let socket = datagrams_to(address).await.map_err(said)?;
            socket.send(&send.0).await.map_err(said)?;
            let mut answer = vec![0; 65_535];
            let length = socket.recv(&mut answer).await.map_err(said)?;
            answer.truncate(length);
            compare(&answer, &expect.0)
        }
    }
}

async fn datagrams_to(address: SocketAddr) -> io::Result<UdpSocket> {
    let any: SocketAddr = if address.is_ipv4() {
        ([0; 4], 0).into()
    } else {
        ([0u16; 8], 0).into()
    };
    let socket = UdpSocket::bind(any).await?;
    socket.connect(address).await?;
    Ok(socket)
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
