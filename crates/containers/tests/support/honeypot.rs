//! A program for images that are made of nothing else: it serves, it is silent, or it ends. Linked statically.
//!
//! `serve PORT` answers each connection with `hello` and the address that it sees, and then does as it is told, line by
//! line. With `json` it prints what happens, and with `cowrie PATH` it writes that to a file, as Cowrie would.
//! `connect ADDRESS` is the other side: it says the lines that it was given, and prints what comes; `ask ADDRESS` is the
//! same with one datagram.

use std::{
    env,
    fs::{self, OpenOptions},
    io::{BufRead, BufReader, Read, Write},
    net::{IpAddr, SocketAddr, TcpListener, TcpStream, UdpSocket},
    path::Path,
    process, thread,
    time::Duration,
};

const PATIENCE: Duration = Duration::from_secs(2);

fn main() {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words[..] {
        ["serve", port] => serve(port.parse().unwrap(), Log::Words),
        ["serve", port, "json"] => serve(port.parse().unwrap(), Log::Json),
        ["serve", port, "cowrie", path] => {
            fs::create_dir_all(Path::new(path).parent().unwrap()).unwrap();
            serve(port.parse().unwrap(), Log::Cowrie(path.to_owned()))
        }
        ["silent"] => loop {
            thread::sleep(PATIENCE);
        },
        ["exit", code] => {
            println!("there is no such file: \x1b[31mhoneypot.cfg");
            process::exit(code.parse().unwrap());
        }
        ["print", lines] => {
            for line in 0..lines.parse().unwrap() {
                println!("line {line}");
            }
            serve(80, Log::Words);
        }
        ["ask", address] => ask(address.parse().unwrap()),
        ["connect", address, ref lines @ ..] => connect(address.parse().unwrap(), lines),
        _ => panic!("{words:?}"),
    }
}

/// How it says what happens.
#[derive(Clone)]
enum Log {
    Words,
    Json,
    Cowrie(String),
}

impl Log {
    fn opened(&self, session: u16, peer: IpAddr) {
        match self {
            Self::Words => println!("visited by {peer}"),
            Self::Json => println!(
                r#"{{"session": "{session}", "source": "{peer}", "source_port": {session}, "port": 22, "kind": "connect"}}"#
            ),
            Self::Cowrie(path) => write_to(
                path,
                &format!(
                    r#"{{"eventid":"cowrie.session.connect","session":"{session}","src_ip":"{peer}","src_port":{session},"dst_port":22}}"#
                ),
            ),
        }
    }

    fn typed(&self, session: u16, line: &str) {
        match self {
            Self::Words => {}
            Self::Json => println!(r#"{{"session": "{session}", "kind": "command", "line": "{line}"}}"#),
            Self::Cowrie(path) => write_to(
                path,
                &format!(r#"{{"eventid":"cowrie.command.input","session":"{session}","input":"{line}"}}"#),
            ),
        }
    }

    fn closed(&self, session: u16) {
        match self {
            Self::Words => {}
            Self::Json => println!(r#"{{"session": "{session}", "kind": "close", "reason": "hung up"}}"#),
            Self::Cowrie(path) => write_to(
                path,
                &format!(r#"{{"eventid":"cowrie.session.closed","session":"{session}"}}"#),
            ),
        }
    }

    /// Gives the log's file another name, and goes on in a new one.
    fn rotate(&self) {
        if let Self::Cowrie(path) = self {
            fs::rename(path, format!("{path}.2026-03-01")).unwrap();
            fs::write(path, "").unwrap();
        }
    }

    /// Puts a link in the place of the log's file for a while.
    fn hide(&self) {
        if let Self::Cowrie(path) = self {
            let hidden = format!("{path}.hidden");
            fs::rename(path, &hidden).unwrap();
            std::os::unix::fs::symlink(&hidden, path).unwrap();
            thread::sleep(PATIENCE);
            fs::rename(hidden, path).unwrap();
        }
    }
}

fn write_to(path: &str, line: &str) {
    let mut file = OpenOptions::new().append(true).create(true).open(path).unwrap();
    file.write_all(format!("{line}\n").as_bytes()).unwrap();
}

fn serve(port: u16, log: Log) {
    let datagrams = UdpSocket::bind(("::", port)).unwrap();
    thread::spawn(move || {
        let mut bytes = [0; 2048];
        while let Ok((_, from)) = datagrams.recv_from(&mut bytes) {
            let _ = datagrams.send_to(format!("hello {}\n", from.ip().to_canonical()).as_bytes(), from);
        }
    });
    for stream in TcpListener::bind(("::", port)).unwrap().incoming() {
        let stream = stream.unwrap();
        let log = log.clone();
        thread::spawn(move || answer(stream, &log));
    }
}

fn answer(mut stream: TcpStream, log: &Log) -> Option<()> {
    let address = stream.peer_addr().ok()?;
    let (peer, session) = (address.ip().to_canonical(), address.port());
    log.opened(session, peer);
    writeln!(stream, "hello {peer}").ok()?;
    let reader = BufReader::new(stream.try_clone().ok()?);
    for line in reader.lines() {
        let line = line.ok()?;
        log.typed(session, &line);
        let words: Vec<&str> = line.split(' ').collect();
        let said = match words[..] {
            ["tcp", address] => reach_tcp(address.parse().unwrap()),
            ["udp", address] => reach_udp(address.parse().unwrap()),
            ["write", path] => said(fs::write(path, "content")),
            ["read", path] => fs::read_to_string(path).unwrap_or_else(|error| error.to_string()),
            ["rotate"] => {
                log.rotate();
                "done".to_owned()
            }
            ["hide"] => {
                log.hide();
                "done".to_owned()
            }
            ["leave"] => process::exit(3),
            ["variable", name] => env::var(name).unwrap_or_default(),
            _ => "what?".to_owned(),
        };
        writeln!(stream, "{}", said.trim_end().replace('\n', " | ")).ok()?;
    }
    log.closed(session);
    Some(())
}

fn said(result: std::io::Result<()>) -> String {
    result.map_or_else(|error| error.to_string(), |()| "done".to_owned())
}

fn reach_tcp(address: SocketAddr) -> String {
    said(TcpStream::connect_timeout(&address, PATIENCE).map(drop))
}

fn reach_udp(address: SocketAddr) -> String {
    let any = if address.is_ipv4() { "0.0.0.0:0" } else { "[::]:0" };
    let socket = UdpSocket::bind(any).unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    let asked = socket
        .connect(address)
        .and_then(|()| socket.send(b"anybody there?"))
        .and_then(|_| socket.recv(&mut [0; 100]));
    said(asked.map(drop))
}

fn ask(address: SocketAddr) {
    let any = if address.is_ipv4() { "0.0.0.0:0" } else { "[::]:0" };
    let socket = UdpSocket::bind(any).unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    socket.connect(address).unwrap();
    socket.send(b"anybody there?").unwrap();
    let mut answer = [0; 100];
    let length = socket.recv(&mut answer).expect("no answer");
    print!("{}", String::from_utf8_lossy(&answer[..length]));
}

fn connect(address: SocketAddr, lines: &[&str]) {
    let mut stream = TcpStream::connect_timeout(&address, PATIENCE).expect("no connection");
    stream.set_read_timeout(Some(5 * PATIENCE)).unwrap();
    for line in lines {
        writeln!(stream, "{line}").unwrap();
    }
    let _ = stream.shutdown(std::net::Shutdown::Write);
    let mut answer = String::new();
    let _ = stream.read_to_string(&mut answer);
    print!("{answer}");
}
