//! A machine, an attacker and a container, each in a network namespace of its own.

use std::{
    fs::File,
    io::{self, ErrorKind, Write},
    net::{IpAddr, Ipv4Addr, Ipv6Addr, Shutdown, SocketAddr, TcpListener, TcpStream, UdpSocket},
    process::Command,
    sync::atomic::{AtomicUsize, Ordering},
    thread,
    time::Duration,
};

use nix::{
    sched::{CloneFlags, setns},
    sys::socket::{setsockopt, sockopt},
};
use tokio::{
    io::AsyncReadExt,
    net::TcpSocket,
    time::{sleep, timeout},
};

/// What a command prints; it has to succeed.
pub fn shell(command: &str) -> String {
    let output = Command::new("sh").args(["-ec", command]).output().unwrap();
    assert!(
        output.status.success(),
        "these tests make network namespaces, which needs root: {command}: {output:?}"
    );
    String::from_utf8(output.stdout).unwrap()
}

/// A network namespace; gone when dropped.
pub struct Namespace(String);

impl Namespace {
    fn new(name: &str, number: usize) -> Self {
        let name = format!("skep-{name}-{number}-{}", std::process::id());
        shell(&format!("ip netns add {name}; ip -n {name} link set lo up"));
        Self(name)
    }

    /// Does something there. What is opened belongs there ever after, and programs that are started do, too.
    pub fn inside<T: Send>(&self, act: impl FnOnce() -> T + Send) -> T {
        let file = File::open(format!("/run/netns/{}", self.0)).unwrap();
        let acting = || {
            setns(file, CloneFlags::CLONE_NEWNET).unwrap();
            act()
        };
        match thread::scope(|scope| scope.spawn(acting).join()) {
            Ok(done) => done,
            Err(panic) => std::panic::resume_unwind(panic),
        }
    }
}

impl Drop for Namespace {
    fn drop(&mut self) {
        let _ = Command::new("ip")
            .args(["netns", "delete", &self.0])
            .status();
    }
}

/// The machine's addresses, and one more of its.
pub const MACHINE: [&str; 2] = ["192.0.2.1", "2001:db8::1"];
pub const SECOND: &str = "192.0.2.2";
/// The attacker's.
pub const ATTACKER: [&str; 2] = ["192.0.2.99", "2001:db8::99"];
/// The container's, to which the machine routes.
pub const CONTAINER: &str = "198.51.100.99";

pub struct Network {
    pub machine: Namespace,
    pub attacker: Namespace,
    pub container: Namespace,
}

impl Network {
    pub fn new() -> Self {
        static NUMBER: AtomicUsize = AtomicUsize::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let [machine, attacker, container] =
            ["machine", "attacker", "container"].map(|name| Namespace::new(name, number));
        let (m, c) = (&machine.0, &container.0);
        shell(&format!(
            "ip link add inside netns {m} type veth peer name eth0 netns {c}
             ip -n {m} addr add 198.51.100.1/24 dev inside
             ip -n {c} addr add {CONTAINER}/24 dev eth0
             ip -n {m} link set inside up
             ip -n {c} link set eth0 up
             ip -n {c} route add default via 198.51.100.1
             ip netns exec {m} sh -c 'echo 1 >/proc/sys/net/ipv4/ip_forward'"
        ));
        let network = Self {
            machine,
            attacker,
            container,
        };
        network.plug_in();
        network
    }

    /// Lays the cable between machine and attacker.
    pub fn plug_in(&self) {
        let (m, a) = (&self.machine.0, &self.attacker.0);
        shell(&format!(
            "ip link add outside netns {m} type veth peer name eth0 netns {a}
             ip -n {m} addr add {}/24 dev outside
             ip -n {m} addr add {SECOND}/24 dev outside
             ip -n {m} addr add {}/64 dev outside nodad
             ip -n {a} addr add {}/24 dev eth0
             ip -n {a} addr add {}/64 dev eth0 nodad
             ip -n {m} link set outside up
             ip -n {a} link set eth0 up",
            MACHINE[0], MACHINE[1], ATTACKER[0], ATTACKER[1]
        ));
    }

    /// Takes it away.
    pub fn unplug(&self) {
        shell(&format!("ip -n {} link delete outside", self.machine.0));
    }
}

/// Connects, and says something.
pub fn tcp(address: &str, port: u16, words: &str) -> io::Result<()> {
    let to = (address.parse::<IpAddr>().unwrap(), port).into();
    TcpStream::connect_timeout(&to, Duration::from_secs(2))?.write_all(words.as_bytes())
}

/// What is said by whoever takes the connection, which comes from a certain port.
pub fn greeting(address: &str, port: u16, from: u16) -> String {
    let to: SocketAddr = (address.parse::<IpAddr>().unwrap(), port).into();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let greeted = async {
        let mut greeting = String::new();
        let mut stream = loop {
            match connect(to, from).await {
                // The connection before has not quite ended here.
                Err(error) if error.kind() == ErrorKind::AddrNotAvailable => {
                    sleep(Duration::from_millis(1)).await;
                }
                connected => break connected.unwrap(),
            }
        };
        let _ = stream.read_to_string(&mut greeting).await;
        greeting
    };
    runtime
        .block_on(async { timeout(Duration::from_secs(2), greeted).await })
        .unwrap_or_default()
}

async fn connect(to: SocketAddr, from: u16) -> io::Result<tokio::net::TcpStream> {
    let (own, socket) = match to {
        SocketAddr::V4(_) => (IpAddr::from(Ipv4Addr::UNSPECIFIED), TcpSocket::new_v4()?),
        SocketAddr::V6(_) => (IpAddr::from(Ipv6Addr::UNSPECIFIED), TcpSocket::new_v6()?),
    };
    socket.set_reuseaddr(true)?;
    socket.bind((own, from).into())?;
    socket.connect(to).await
}

/// A socket that is connected there.
pub fn datagrams(address: &str, port: u16) -> UdpSocket {
    let any = if address.contains(':') {
        "[::]:0"
    } else {
        "0.0.0.0:0"
    };
    let socket = UdpSocket::bind(any).unwrap();
    socket.connect((address, port)).unwrap();
    socket
        .set_read_timeout(Some(Duration::from_secs(2)))
        .unwrap();
    socket
}

/// What comes back for a datagram.
pub fn answer(address: &str, port: u16) -> Result<String, ErrorKind> {
    let (socket, mut buffer) = (datagrams(address, port), [0; 100]);
    socket.send(b"question").unwrap();
    let length = socket.recv(&mut buffer).map_err(|error| error.kind())?;
    Ok(String::from_utf8_lossy(&buffer[..length]).into_owned())
}

/// Another program of the machine's: answers on a port, over TCP and UDP.
pub fn serve(address: &str, port: u16) {
    let listener = TcpListener::bind((address, port)).unwrap();
    let socket = UdpSocket::bind((address, port)).unwrap();
    answer_all(listener, socket);
}

/// One whose sockets are as transparent as the sensor's.
pub fn serve_transparently(address: &str, port: u16) {
    let listener = TcpListener::bind((address, port)).unwrap();
    let socket = UdpSocket::bind((address, port)).unwrap();
    setsockopt(&listener, sockopt::IpTransparent, &true).unwrap();
    setsockopt(&socket, sockopt::IpTransparent, &true).unwrap();
    answer_all(listener, socket);
}

fn answer_all(listener: TcpListener, socket: UdpSocket) {
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let _ = (&stream).write_all(b"real");
            // It is the first to end the connection, so that its port is the one that waits.
            let _ = stream.shutdown(Shutdown::Both);
        }
    });
    thread::spawn(move || {
        let mut buffer = [0; 100];
        while let Ok((_, source)) = socket.recv_from(&mut buffer) {
            let _ = socket.send_to(b"real", source);
        }
    });
}

pub fn is_refused(address: &str, port: u16) -> bool {
    let refused = |error: io::Error| error.kind() == ErrorKind::ConnectionRefused;
    tcp(address, port, "").is_err_and(refused)
        && answer(address, port) == Err(ErrorKind::ConnectionRefused)
}
