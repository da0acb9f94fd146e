//! Commands that would fetch files. They never do: they note the address and fail as without a network.

use std::time::Duration;

use super::Call;
use crate::shell::{Shell, date::Date};

/// How long a failing download takes.
const TRY: Duration = Duration::from_millis(400);

/// The value of an option such as `-O file`.
fn option<'a>(call: &Call<'a>, names: &[&[u8]]) -> Option<&'a [u8]> {
    let at = call
        .args
        .iter()
        .position(|arg| names.contains(&arg.as_slice()))?;
    call.args.get(at + 1).map(Vec::as_slice)
}

/// What is neither an option nor the value of one of `valued`.
fn addresses(call: &Call<'_>, valued: &[&[u8]]) -> Vec<Vec<u8>> {
    let mut found = vec![];
    let mut args = call.args.iter();
    while let Some(arg) = args.next() {
        if valued.contains(&arg.as_slice()) {
            args.next();
        } else if !arg.starts_with(b"-") {
            found.push(arg.clone());
        }
    }
    found
}

/// The address with the scheme that is meant when none is given.
fn with_scheme(address: &[u8]) -> Vec<u8> {
    if memchr::memmem::find(address, b"://").is_some() {
        address.to_vec()
    } else {
        [b"http://", address].concat()
    }
}

/// The host in an address.
fn host(url: &[u8]) -> &[u8] {
    let rest = memchr::memmem::find(url, b"://").map_or(url, |at| &url[at + 3..]);
    let authority = rest.split(|b| *b == b'/').next().unwrap_or_default();
    let host = authority.rsplit(|b| *b == b'@').next().unwrap_or_default();
    host.split(|b| *b == b':').next().unwrap_or_default()
}

/// The port in an address.
fn port(url: &[u8]) -> &[u8] {
    let rest = memchr::memmem::find(url, b"://").map_or(url, |at| &url[at + 3..]);
    let authority = rest.split(|b| *b == b'/').next().unwrap_or_default();
    let after_host = authority.rsplit(|b| *b == b'@').next().unwrap_or_default();
    match after_host.iter().position(|b| *b == b':') {
        Some(at) => &after_host[at + 1..],
        None if url.starts_with(b"https:") => b"443",
        None if url.starts_with(b"ftp:") => b"21",
        None => b"80",
    }
}

/// Whether it is an address of numbers, for which no name needs to be resolved.
fn is_number(host: &[u8]) -> bool {
    std::str::from_utf8(host).is_ok_and(|host| host.parse::<std::net::Ipv4Addr>().is_ok())
}

pub(super) fn wget(shell: &mut Shell, call: &mut Call<'_>) -> u8 {
    let valued: &[&[u8]] = &[
        b"-O",
        b"-P",
        b"-o",
        b"-T",
        b"-t",
        b"-U",
        b"--output-document",
        b"--user-agent",
    ];
    let found = addresses(call, valued);
    if found.is_empty() {
        call.complain(
            "missing URL\nUsage: wget [OPTION]... [URL]...\n\nTry `wget --help' for more options.",
        );
        return 1;
    }
    let quiet = call.has(b'q');
    let mut status = 4;
    for address in found {
        let url = with_scheme(&address);
        call.run.note_url(&url);
        call.run.wait(TRY);
        if quiet {
            continue;
        }
        let (host, port) = (host(&url).to_vec(), port(&url).to_vec());
        if shell.machine.personality.is_busybox() {
            let text: &[&[u8]] = if is_number(&host) {
                &[
                    b"Connecting to ",
                    &host,
                    b":",
                    &port,
                    b"\nwget: can't connect to remote host (",
                    &host,
                    b"): Connection timed out\n",
                ]
            } else {
                &[b"wget: bad address '", &host, b"'\n"]
            };
            call.streams.complain(&text.concat());
            status = 1;
            continue;
        }
        let now = Date::new(Shell::now());
        let head = format!("--{}-{}-{} {}--  ", now.year, now.month, now.day, now.time);
        call.streams
            .complain(&[head.as_bytes(), &url, b"\n"].concat());
        let text: &[&[u8]] = if is_number(&host) {
            &[
                b"Connecting to ",
                &host,
                b":",
                &port,
                b"... failed: Connection timed out.\nGiving up.\n\n",
            ]
        } else {
            &[
                b"Resolving ",
                &host,
                b" (",
                &host,
                b")... failed: Temporary failure in name resolution.\nwget: unable to resolve host address \xe2\x80\x98",
                &host,
                "\u{2019}\n".as_bytes(),
            ]
        };
        call.streams.complain(&text.concat());
    }
    status
}

pub(super) fn curl(_: &mut Shell, call: &mut Call<'_>) -> u8 {
    let valued: &[&[u8]] = &[
        b"-o",
        b"--output",
        b"-X",
        b"--request",
        b"-d",
        b"--data",
        b"-H",
        b"--header",
        b"-A",
        b"-u",
        b"-m",
        b"--connect-timeout",
        b"-x",
        b"-e",
        b"-b",
    ];
    let found = addresses(call, valued);
    if found.is_empty() {
        call.streams
            .complain(b"curl: try 'curl --help' or 'curl --manual' for more information\n");
        return 2;
    }
    let silent = call.has(b's') && !call.has(b'S');
    let mut status = 6;
    for address in found {
        let url = with_scheme(&address);
        call.run.note_url(&url);
        call.run.wait(TRY);
        let (host, port) = (host(&url).to_vec(), port(&url).to_vec());
        status = if is_number(&host) { 28 } else { 6 };
        if silent {
            continue;
        }
        let text: &[&[u8]] = if status == 28 {
            &[
                b"curl: (28) Failed to connect to ",
                &host,
                b" port ",
                &port,
                b" after 130541 ms: Connection timed out\n",
            ]
        } else {
            &[b"curl: (6) Could not resolve host: ", &host, b"\n"]
        };
        call.streams.complain(&text.concat());
    }
    status
}

/// `tftp -g -r file host`, or `tftp host -c get file`.
pub(super) fn tftp(_: &mut Shell, call: &mut Call<'_>) -> u8 {
    let get = call
        .args
        .iter()
        .position(|arg| arg == b"get")
        .and_then(|at| call.args.get(at + 1))
        .map(Vec::as_slice);
    let file = option(call, &[b"-r"]).or(get).unwrap_or_default().to_vec();
    let found = addresses(call, &[b"-r", b"-l", b"-b", b"-c"]);
    let Some(host) = found.first() else {
        call.streams.complain(b"usage: tftp host-name [port]\n");
        return 1;
    };
    call.run
        .note_url(&[b"tftp://", host.as_slice(), b"/", &file].concat());
    call.run.wait(TRY);
    call.complain("timeout");
    1
}

/// `ftpget -u user -p password host local remote`
pub(super) fn ftpget(_: &mut Shell, call: &mut Call<'_>) -> u8 {
    let found = addresses(call, &[b"-u", b"-p", b"-P"]);
    let Some(host) = found.first() else {
        call.streams
            .complain(b"Usage: ftpget [OPTIONS] HOST [LOCAL_FILE] REMOTE_FILE\n");
        return 1;
    };
    let file = if found.len() > 1 {
        found[found.len() - 1].as_slice()
    } else {
        b""
    };
    call.run
        .note_url(&[b"ftp://", host.as_slice(), b"/", file].concat());
    call.run.wait(TRY);
    call.complain(
        [
            b"can't connect to remote host (",
            host.as_slice(),
            b"): Connection timed out",
        ]
        .concat(),
    );
    1
}

/// `scp user@host:file .`: what lies elsewhere is noted.
pub(super) fn scp(_: &mut Shell, call: &mut Call<'_>) -> u8 {
    let found = addresses(call, &[b"-P", b"-i", b"-o", b"-c", b"-F", b"-l"]);
    let elsewhere = found.iter().find_map(|name| {
        let colon = name.iter().position(|b| *b == b':')?;
        Some((&name[..colon], &name[colon + 1..]))
    });
    let Some((host, file)) = elsewhere else {
        call.streams.complain(
            b"usage: scp [-346ABCOpqRrsTv] [-c cipher] [-i identity_file] source ... target\n",
        );
        return 1;
    };
    call.run.note_url(&[b"scp://", host, b"/", file].concat());
    call.run.wait(TRY);
    let host = host.rsplit(|b| *b == b'@').next().unwrap_or_default();
    call.streams.complain(
        &[
            b"ssh: connect to host ",
            host,
            b" port 22: Connection timed out\nscp: Connection closed\n",
        ]
        .concat(),
    );
    1
}
