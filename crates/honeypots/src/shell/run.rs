//! Runs what the parser made of a line, within bounds of steps, depth, output and time.

use std::borrow::Cow;

use super::{
    Mode, Shell,
    bounds::{Call, Run, Streams},
    commands::{self, Command},
    expand::join,
    filesystem::{Kind, Refusal},
    parse::{self, From, Link, Piece, Redirect, Simple, Syntax, To, Word},
};

impl Shell {
    /// Runs a line, which may be part of another one.
    pub(super) fn run_line(
        &mut self,
        line: &[u8],
        input: &[u8],
        streams: &mut Streams,
        run: &mut Run,
    ) {
        match parse::parse(line) {
            Ok(list) => {
                if !run.descend() {
                    self.complain(streams, b"maximum nesting level exceeded");
                    self.status = 1;
                    return;
                }
                for (link, pipeline) in list {
                    let due = match link {
                        Link::Always => true,
                        Link::And => self.status == 0,
                        Link::Or => self.status != 0,
                    };
                    if run.ended || run.steps == 0 {
                        break;
                    }
                    if due {
                        self.run_pipeline(&pipeline, input, streams, run);
                    }
                }
                run.ascend();
            }
            Err(syntax) => {
                let text = match syntax {
                    Syntax::Unexpected(token) => {
                        let token = if token == b"\n" {
                            b"newline".to_vec()
                        } else {
                            token
                        };
                        [
                            b"syntax error near unexpected token `",
                            token.as_slice(),
                            b"'",
                        ]
                        .concat()
                    }
                    Syntax::Unclosed(sign) => [
                        b"unexpected EOF while looking for matching `",
                        [sign].as_slice(),
                        b"'",
                    ]
                    .concat(),
                    Syntax::TooLong => b"Argument list too long".to_vec(),
                };
                self.complain(streams, &text);
                self.status = 2;
            }
        }
    }

    fn run_pipeline(
        &mut self,
        pipeline: &[Simple],
        input: &[u8],
        streams: &mut Streams,
        run: &mut Run,
    ) {
        let Some((last, before)) = pipeline.split_last() else {
            return;
        };
        let mut passed = Cow::Borrowed(input);
        for simple in before {
            let mut stage = Streams::default();
            self.run_simple(simple, &passed, &mut stage, run);
            streams.complain(&stage.err);
            passed = Cow::Owned(stage.out);
        }
        self.run_simple(last, &passed, streams, run);
    }

    fn run_simple(&mut self, simple: &Simple, input: &[u8], streams: &mut Streams, run: &mut Run) {
        if !run.step() {
            return;
        }
        let words = strip_keywords(&simple.words);
        let mut args = self.expand_all(words, run);
        let assignments = words
            .iter()
            .take_while(|word| is_assignment(word))
            .count()
            .min(args.len());
        let assigned: Vec<_> = args.drain(..assignments).collect();
        if args.is_empty() && words.len() == assignments {
            for assignment in assigned {
                self.assign(&assignment);
            }
            if !words.is_empty() || !simple.redirects.is_empty() {
                self.status = 0;
            }
        }
        if simple.redirects.is_empty() {
            self.call(&args, input, streams, run);
            return;
        }
        match self.input_of(&simple.redirects, input, run) {
            Ok(input) => {
                let mut own = Streams::default();
                self.call(&args, &input, &mut own, run);
                self.redirect(&simple.redirects, own, streams, run);
            }
            Err((name, refusal)) => {
                self.complain(
                    streams,
                    &[name.as_slice(), b": ", refusal.to_string().as_bytes()].concat(),
                );
                self.status = 1;
            }
        }
    }

    /// Runs a command that has its words.
    pub(super) fn call(
        &mut self,
        args: &[Vec<u8>],
        input: &[u8],
        streams: &mut Streams,
        run: &mut Run,
    ) {
        let Some((name, args)) = args.split_first() else {
            return;
        };
        if run.ended {
            return;
        }
        let base = name.rsplit(|b| *b == b'/').next().unwrap_or_default();
        let program: Option<Command> = commands::find(base);
        self.status = if name.contains(&b'/') {
            let path = self.files.resolve(&self.directory, name);
            let refusal = match (self.files.get(&path), program) {
                (None, _) => Err(Refusal::Missing),
                (Some(node), _) if node.is_directory() => Err(Refusal::Directory),
                (Some(node), _) if node.mode & 0o111 == 0 => Err(Refusal::Denied),
                (Some(_), Some(command)) if path.starts_with(b"/usr/") => Ok(Some(command)),
                (Some(_), _) => Ok(None),
            };
            match refusal {
                Ok(Some(command)) => command(
                    self,
                    &mut Call {
                        name,
                        args,
                        input,
                        streams,
                        run,
                    },
                ),
                Ok(None) => self.run_file(name, &path, input, streams, run),
                Err(refusal) => {
                    self.complain(
                        streams,
                        &[name.as_slice(), b": ", refusal.to_string().as_bytes()].concat(),
                    );
                    if refusal == Refusal::Missing {
                        127
                    } else {
                        126
                    }
                }
            }
        } else if let Some(command) = program {
            command(
                self,
                &mut Call {
                    name,
                    args,
                    input,
                    streams,
                    run,
                },
            )
        } else {
            self.complain(streams, &[name.as_slice(), b": command not found"].concat());
            127
        };
    }

    /// Runs a file that the session made: a script is run, a program is not.
    pub(super) fn run_file(
        &mut self,
        name: &[u8],
        path: &[u8],
        input: &[u8],
        streams: &mut Streams,
        run: &mut Run,
    ) -> u8 {
        let Ok(content) = self.files.read(path) else {
            return 126;
        };
        if content.contains(&0) || content.starts_with(b"\x7fELF") {
            self.complain(
                streams,
                &[name, b": cannot execute binary file: Exec format error"].concat(),
            );
            return 126;
        }
        let script = content.to_vec();
        self.run_line(&script, input, streams, run);
        self.status
    }

    /// What a command reads, once its redirections are followed.
    fn input_of(
        &mut self,
        redirects: &[Redirect],
        input: &[u8],
        run: &mut Run,
    ) -> Result<Vec<u8>, (Vec<u8>, Refusal)> {
        let mut input = input.to_vec();
        for Redirect { to, .. } in redirects
            .iter()
            .filter(|redirect| redirect.from == From::Input)
        {
            match to {
                To::File(word) => {
                    let name = join(&self.expand(word, run));
                    let path = self.files.resolve(&self.directory, &name);
                    input = self
                        .files
                        .read(&path)
                        .map(<[u8]>::to_vec)
                        .map_err(|refusal| (name, refusal))?;
                }
                To::Text(word) => {
                    input = join(&self.expand(word, run));
                    input.push(b'\n');
                }
                To::Append(_) | To::Other | To::Closed => input.clear(),
            }
        }
        Ok(input)
    }

    /// Sends what a command wrote to where its redirections lead.
    fn redirect(
        &mut self,
        redirects: &[Redirect],
        own: Streams,
        streams: &mut Streams,
        run: &mut Run,
    ) {
        /// Where one of the two outputs goes.
        #[derive(Clone)]
        enum Sink {
            Out,
            Error,
            File(Vec<u8>),
            Nowhere,
        }
        let (mut out, mut error) = (Sink::Out, Sink::Error);
        for Redirect { from, to } in redirects
            .iter()
            .filter(|redirect| redirect.from != From::Input)
        {
            let sink = match to {
                To::Other => {
                    if *from == From::Error {
                        out.clone()
                    } else {
                        error.clone()
                    }
                }
                To::Closed | To::Text(_) => Sink::Nowhere,
                To::File(word) | To::Append(word) => {
                    let name = join(&self.expand(word, run));
                    let path = self.files.resolve(&self.directory, &name);
                    match self
                        .files
                        .write(&path, b"", matches!(to, To::Append(_)), Self::now())
                    {
                        Ok(()) => Sink::File(path),
                        Err(refusal) => {
                            self.complain(
                                streams,
                                &[name.as_slice(), b": ", refusal.to_string().as_bytes()].concat(),
                            );
                            self.status = 1;
                            return;
                        }
                    }
                }
            };
            match from {
                From::Error => error = sink,
                From::Both => (out, error) = (sink.clone(), sink),
                From::Input | From::Output => out = sink,
            }
        }
        for (sink, bytes) in [(error, own.err), (out, own.out)] {
            match sink {
                Sink::Out => streams.print(&bytes),
                Sink::Error => streams.complain(&bytes),
                Sink::File(path) => {
                    // Only a full disk can be in the way by now.
                    if let Err(refusal) = self.files.write(&path, &bytes, true, Self::now()) {
                        self.complain(streams, format!("write error: {refusal}").as_bytes());
                    }
                }
                Sink::Nowhere => {}
            }
        }
    }

    /// Complains as the shell itself.
    pub(super) fn complain(&self, streams: &mut Streams, text: &[u8]) {
        let name = match self.mode {
            Mode::Login => "-bash: ",
            Mode::Command => "bash: line 1: ",
        };
        streams.complain(&[name.as_bytes(), text, b"\n"].concat());
    }

    fn assign(&mut self, assignment: &[u8]) {
        let Some(equals) = assignment.iter().position(|b| *b == b'=') else {
            return;
        };
        self.set(&assignment[..equals], &assignment[equals + 1..]);
    }

    /// Sets a variable, if it is neither too long nor one too many.
    pub(super) fn set(&mut self, name: &[u8], value: &[u8]) {
        if value.len() <= 4096
            && name.len() <= 256
            && (self.variables.len() < 64 || self.variables.contains_key(name))
        {
            self.variables.insert(name.to_vec(), value.to_vec());
        }
    }

    /// Changes into a directory.
    pub(super) fn change_directory(&mut self, path: &[u8]) -> Result<(), Refusal> {
        let path = self.files.resolve(&self.directory, path);
        let node = self.files.get(&path).ok_or(Refusal::Missing)?;
        if !matches!(node.kind, Kind::Directory) {
            return Err(Refusal::NotDirectory);
        }
        self.files.list(&path)?;
        let old = std::mem::replace(&mut self.directory, path);
        self.set(b"OLDPWD", &old);
        Ok(())
    }
}

/// Takes away the words of the shell's language that may stand before a command. Each branch and each loop's
/// body is run once.
fn strip_keywords(words: &[Word]) -> &[Word] {
    let mut words = words;
    while let Some(([Piece::Text(first)], rest)) = words
        .split_first()
        .map(|(word, rest)| (word.as_slice(), rest))
    {
        match first.as_slice() {
            b"if" | b"then" | b"else" | b"elif" | b"do" | b"while" | b"until" | b"!" | b"{"
            | b"time" => words = rest,
            b"fi" | b"done" | b"esac" | b"}" => return &[],
            _ => break,
        }
    }
    words
}

fn is_assignment(word: &Word) -> bool {
    let Some(Piece::Text(text)) = word.first() else {
        return false;
    };
    let Some(equals) = text.iter().position(|b| *b == b'=') else {
        return false;
    };
    let name = &text[..equals];
    name.iter().all(|b| b.is_ascii_alphanumeric() || *b == b'_')
        && name.first().is_some_and(|b| !b.is_ascii_digit())
}

/// Whether the first command of a line reads what is sent after it.
pub(super) fn reads_input(line: &[u8]) -> bool {
    let Ok(list) = parse::parse(line) else {
        return false;
    };
    list.iter()
        .filter_map(|(_, pipeline)| pipeline.first())
        .any(|simple| {
            let words = strip_keywords(&simple.words);
            let plain: Vec<&[u8]> = words
                .iter()
                .map(|word| {
                    if let [Piece::Text(text)] = word.as_slice() {
                        text.as_slice()
                    } else {
                        b"?"
                    }
                })
                .collect();
            let Some((name, args)) = plain.split_first() else {
                return false;
            };
            let files = args.iter().filter(|arg| !arg.starts_with(b"-")).count();
            let reads = match name.rsplit(|b| *b == b'/').next().unwrap_or_default() {
                b"cat" | b"sh" | b"bash" | b"base64" | b"wc" => files == 0,
                b"tee" => true,
                b"dd" => !args.iter().any(|arg| arg.starts_with(b"if=")),
                _ => false,
            };
            reads
                && !args.contains(&b"-c".as_slice())
                && simple
                    .redirects
                    .iter()
                    .all(|redirect| redirect.from != From::Input)
        })
}
