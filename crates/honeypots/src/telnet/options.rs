//! Telnet's commands among the bytes (RFC 854, 855, 1073, 1091), for clients that negotiate and for those that
//! never do.

const SE: u8 = 240;
const SB: u8 = 250;
const WILL: u8 = 251;
const WONT: u8 = 252;
const DO: u8 = 253;
const DONT: u8 = 254;
const IAC: u8 = 255;

const ECHO: u8 = 1;
const SUPPRESS_GO_AHEAD: u8 = 3;
const TERMINAL_TYPE: u8 = 24;
const WINDOW_SIZE: u8 = 31;
const TERMINAL_SPEED: u8 = 32;
const LINE_MODE: u8 = 34;
const X_DISPLAY: u8 = 35;
const ENVIRONMENT: u8 = 39;

/// What a Linux server's telnetd says first, and what it says when that is answered.
pub(super) const SERVER: [&[u8]; 2] = [
    &[
        IAC,
        DO,
        TERMINAL_TYPE,
        IAC,
        DO,
        TERMINAL_SPEED,
        IAC,
        DO,
        X_DISPLAY,
        IAC,
        DO,
        ENVIRONMENT,
    ],
    &[
        IAC,
        DO,
        WINDOW_SIZE,
        IAC,
        WILL,
        ECHO,
        IAC,
        WILL,
        SUPPRESS_GO_AHEAD,
    ],
];

/// The same of the telnetd in `busybox`, which says everything at once.
pub(super) const BUSYBOX: [&[u8]; 2] = [
    &[
        IAC,
        DO,
        ECHO,
        IAC,
        DO,
        WINDOW_SIZE,
        IAC,
        WILL,
        ECHO,
        IAC,
        WILL,
        SUPPRESS_GO_AHEAD,
    ],
    &[],
];

/// The most bytes of one subnegotiation that are kept.
const SUBNEGOTIATION: usize = 256;

/// What one side of the wire knows of the other.
pub(super) struct Options {
    state: State,
    /// Verbs and options that were answered: each is answered once, so that no client can start a loop.
    answered: Vec<(u8, u8)>,
    echo: bool,
    plain: bool,
}

enum State {
    Data,
    Command,
    Verb(u8),
    Subnegotiation(Vec<u8>),
    SubnegotiationCommand(Vec<u8>),
}

/// What a client says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Fact {
    /// Columns and rows of its window.
    Size(u16, u16),
    /// Something else by its name: terminal, speed, display or environment.
    Text(&'static str, Vec<u8>),
}

/// What came of received bytes.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Decoded {
    /// The bytes without telnet's commands.
    pub(super) data: Vec<u8>,
    /// What to answer.
    pub(super) replies: Vec<u8>,
    /// What was learnt.
    pub(super) facts: Vec<Fact>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            state: State::Data,
            answered: vec![],
            echo: true,
            plain: false,
        }
    }
}

impl Options {
    /// Whether the client wants to be shown what it types. It does unless it says otherwise.
    pub(super) fn echo(&self) -> bool {
        self.echo
    }

    /// Whether there is nobody in front of the client: it refused what every person's client has.
    pub(super) fn is_program(&self) -> bool {
        self.plain
    }

    /// Takes the commands out of received bytes; a command may go on in the next ones.
    pub(super) fn decode(&mut self, bytes: &[u8]) -> Decoded {
        let mut decoded = Decoded::default();
        for &byte in bytes {
            let state = std::mem::replace(&mut self.state, State::Data);
            self.state = match (state, byte) {
                (State::Data, IAC) => State::Command,
                (State::Command, SB) => State::Subnegotiation(vec![]),
                (State::Command, WILL | WONT | DO | DONT) => State::Verb(byte),
                (State::Data, byte) | (State::Command, byte @ IAC) => {
                    decoded.data.push(byte);
                    State::Data
                }
                (State::Verb(verb), option) => {
                    self.answer(verb, option, &mut decoded.replies);
                    State::Data
                }
                (State::Subnegotiation(text), IAC) => State::SubnegotiationCommand(text),
                (State::Subnegotiation(mut text), byte)
                | (State::SubnegotiationCommand(mut text), byte @ IAC) => {
                    if text.len() < SUBNEGOTIATION {
                        text.push(byte);
                    }
                    State::Subnegotiation(text)
                }
                (State::SubnegotiationCommand(text), SE) => {
                    decoded.facts.extend(learn(&text));
                    State::Data
                }
                // It was left without an end: what follows is a command of its own.
                (State::SubnegotiationCommand(_), verb @ (WILL | WONT | DO | DONT)) => {
                    State::Verb(verb)
                }
                // Commands without an option ask for nothing that an imitation has.
                (State::Command | State::SubnegotiationCommand(_), _) => State::Data,
            };
        }
        decoded
    }

    fn answer(&mut self, verb: u8, option: u8, replies: &mut Vec<u8>) {
        if self.answered.contains(&(verb, option)) {
            return;
        }
        self.answered.push((verb, option));
        match (verb, option) {
            (WILL, TERMINAL_TYPE | TERMINAL_SPEED | X_DISPLAY | ENVIRONMENT) => {
                replies.extend_from_slice(&[IAC, SB, option, 1, IAC, SE]);
            }
            (WONT, TERMINAL_TYPE) => self.plain = true,
            (DONT, ECHO) => {
                self.echo = false;
                self.plain = true;
                replies.extend_from_slice(&[IAC, WONT, ECHO]);
            }
            // An offer of line mode is left open: hydra guesses wrongly once it is refused.
            (DO, ECHO | SUPPRESS_GO_AHEAD) | (WILL, WINDOW_SIZE | LINE_MODE) | (WONT | DONT, _) => {
            }
            (DO, _) => replies.extend_from_slice(&[IAC, WONT, option]),
            (_, _) => replies.extend_from_slice(&[IAC, DONT, option]),
        }
    }
}

fn learn(text: &[u8]) -> Option<Fact> {
    match text {
        [WINDOW_SIZE, a, b, c, d] => Some(Fact::Size(
            u16::from_be_bytes([*a, *b]),
            u16::from_be_bytes([*c, *d]),
        )),
        [option, 0 | 2, value @ ..] if !value.is_empty() => {
            let name = match *option {
                TERMINAL_TYPE => "terminal_type",
                TERMINAL_SPEED => "terminal_speed",
                X_DISPLAY => "x_display",
                ENVIRONMENT => "environment",
                _ => return None,
            };
            Some(Fact::Text(name, value.to_vec()))
        }
        _ => None,
    }
}

/// Bytes as they go over the wire.
pub(super) fn escape(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len());
    for &byte in bytes {
        out.push(byte);
        if byte == IAC {
            out.push(IAC);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn commands_are_answered_once_and_taken_out() {
        let mut options = Options::default();
        let decoded =
            options.decode(b"ab\xff\xfd\x01\xff\xfd\x63\xff\xfb\x18\xff\xfb\x63c\xff\xffd");
        assert_eq!(decoded.data, b"abc\xffd");
        assert_eq!(
            decoded.replies,
            [
                IAC,
                WONT,
                0x63,
                IAC,
                SB,
                TERMINAL_TYPE,
                1,
                IAC,
                SE,
                IAC,
                DONT,
                0x63
            ]
        );
        assert!(
            options
                .decode(b"\xff\xfd\x63\xff\xfb\x63")
                .replies
                .is_empty()
        );
        assert!(options.echo());
        assert_eq!(options.decode(b"\xff\xfe\x01").replies, [IAC, WONT, ECHO]);
        assert!(!options.echo());
    }

    #[test]
    fn window_and_terminal_are_learnt() {
        let decoded = Options::default()
            .decode(b"\xff\xfa\x1f\x00\x50\x00\x18\xff\xf0\xff\xfa\x18\x00xterm\xff\xf0x");
        assert_eq!(
            decoded.facts,
            [
                Fact::Size(80, 24),
                Fact::Text("terminal_type", b"xterm".to_vec())
            ]
        );
        assert_eq!(decoded.data, b"x");
        // 255 columns are written as two bytes 255.
        let decoded = Options::default().decode(b"\xff\xfa\x1f\x00\xff\xff\x00\x18\xff\xf0");
        assert_eq!(decoded.facts, [Fact::Size(255, 24)]);
    }

    proptest! {
        #[test]
        fn what_is_escaped_comes_back(bytes: Vec<u8>) {
            prop_assert_eq!(Options::default().decode(&escape(&bytes)).data, bytes);
        }

        #[test]
        fn pieces_come_to_the_same_as_the_whole(bytes in prop::collection::vec(prop_oneof![240u8..=255, 0u8..35], 0..60), at in 0usize..60) {
            let whole = Options::default().decode(&bytes);
            let (first, second) = bytes.split_at(at.min(bytes.len()));
            let mut options = Options::default();
            let (a, b) = (options.decode(first), options.decode(second));
            prop_assert_eq!(&whole.data, &[a.data, b.data].concat());
            prop_assert_eq!(&whole.replies, &[a.replies, b.replies].concat());
            prop_assert!(whole.replies.len() <= 3 * bytes.len());
        }
    }
}
