//! A program for images that are made of nothing else: it serves, it is silent, or it ends. Linked statically.
//!
//! `serve PORT` answers each connection with `hello` and the address that it sees, and then does as it is told, line by
//! line. `connect ADDRESS` is the other side: it says the lines that it was given, and prints what comes.

use std::{
    env, fs,
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpListener, TcpStream, UdpSocket},
    process, thread,
    time::Duration,
};

const PATIENCE: Duration = Duration::from_secs(2);

fn main() {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words[..] {
        ["serve", port] => serve(port.parse().unwrap(), false),
        ["serve", port, "json"] => serve(port.parse().unwrap(), true),
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
            serve(80, false);
        }
        ["connect", address, ref lines @ ..] => connect(address.parse().unwrap(), lines),
        _ => panic!("{words:?}"),
    }
}

fn serve(port: u16, json: bool) {
    let datagrams = UdpSocket::bind(("::", port)).unwrap();
    thread::spawn(move || {
        let mut bytes = [0; 2048];
        while let Ok((_, from)) = datagrams.recv_from(&mut bytes) {
            let _ = datagrams.send_to(format!("hello {}\n", from.ip().to_canonical()).as_bytes(), from);
        }
    });
    for stream in TcpListener::bind(("::", port)).unwrap().incoming() {
        let stream = stream.unwrap();
        thread::spawn(move || answer(stream, json));
    }
}

fn answer(mut stream: TcpStream, json: bool) -> Option<()> {
    let address = stream.peer_addr().ok()?;
    let (peer, session) = (address.ip().to_canonical(), address.port());
    if json {
        println!(r#"{{"session": "{session}", "source": "{peer}", "source_port": {session}, "port": 22, "kind": "connect"}}"#);
    } else {
        println!("visited by {peer}");
    }
    writeln!(stream, "hello {peer}").ok()?;
    let reader = BufReader::new(stream.try_clone().ok()?);
    for line in reader.lines() {
        let line = line.ok()?;
        if json {
            println!(r#"{{"session": "{session}", "kind": "command", "line": "{line}"}}"#);
        }
        let words: Vec<&str> = line.split(' ').collect();
        let said = match words[..] {
            ["tcp", address] => reach_tcp(address.parse().unwrap()),
            ["udp", address] => reach_udp(address.parse().unwrap()),
            ["write", path] => said(fs::write(path, "content")),
            ["read", path] => fs::read_to_string(path).unwrap_or_else(|error| error.to_string()),
            ["variable", name] => env::var(name).unwrap_or_default(),
            _ => "what?".to_owned(),
        };
        writeln!(stream, "{}", said.trim_end().replace('\n', " | ")).ok()?;
    }
    if json {
        println!(r#"{{"session": "{session}", "kind": "close", "reason": "hung up"}}"#);
    }
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
