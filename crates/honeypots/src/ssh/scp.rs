//! The far end of `scp -O`: the program `scp -t` or `scp -f`, which the client runs by a command.

use skep_model::{Timestamp, limits};

use super::transfer::{Deed, Transfer, Upload};
use crate::shell::filesystem::{Filesystem, Kind, Node};

/// The longest line of the protocol.
const LINE: usize = 4096;
/// How deep directories may lie within directories.
const DEPTH: usize = 32;
/// The most files that are sent by one command.
const FILES: usize = 1000;

/// `scp -t path` takes files, `scp -f path…` sends them. `None` if the words are no such command.
pub(super) fn start(words: &[Vec<u8>], directory: &[u8]) -> Option<Box<dyn Transfer>> {
    let (name, args) = words.split_first()?;
    if name.rsplit(|b| *b == b'/').next()? != b"scp" {
        return None;
    }
    let (options, paths): (Vec<&Vec<u8>>, Vec<&Vec<u8>>) =
        args.iter().partition(|arg| arg.starts_with(b"-"));
    let has = |letter: u8| options.iter().any(|option| option.contains(&letter));
    let directory = directory.to_vec();
    if has(b't') {
        let target = (*paths.last()?).clone();
        Some(Box::new(Sink {
            directory,
            into: vec![target],
            received: vec![],
            state: State::Start,
        }))
    } else if has(b'f') {
        Some(Box::new(Source {
            directory,
            left: paths.into_iter().rev().cloned().map(Next::Path).collect(),
            recursive: has(b'r'),
            files: 0,
            acknowledged: 0,
            status: 0,
            aborted: false,
            ended: false,
        }))
    } else {
        None
    }
}

/// Takes files.
struct Sink {
    directory: Vec<u8>,
    /// Where files go: the target, and the directories below it that were entered.
    into: Vec<Vec<u8>>,
    received: Vec<u8>,
    state: State,
}

enum State {
    /// Nothing was said yet.
    Start,
    /// A line comes next.
    Line,
    /// So many bytes of a file are to come, or are taken without a file.
    Content(Option<Box<Upload>>, u64),
    /// The byte after a file.
    After,
    /// The client does something else than the protocol says.
    Ended,
}

impl Transfer for Sink {
    fn receive(&mut self, bytes: &[u8]) {
        if !matches!(self.state, State::Ended) {
            self.received.extend_from_slice(bytes);
        }
    }

    fn step(&mut self, files: &mut Filesystem) -> Option<Vec<Deed>> {
        let mut deeds = vec![];
        self.state = match std::mem::replace(&mut self.state, State::Ended) {
            State::Start => {
                deeds.push(Deed::Answer(vec![0]));
                State::Line
            }
            State::Line => {
                let Some(end) = self.received.iter().position(|b| *b == b'\n') else {
                    if self.received.len() > LINE {
                        self.received.clear();
                        return Some(vec![refusal(b"line too long"), Deed::Exit(1)]);
                    }
                    self.state = State::Line;
                    return None;
                };
                let line: Vec<u8> = self.received.drain(..=end).collect();
                self.line(&line[..end], files, &mut deeds)
            }
            State::Content(upload, 0) => {
                if let Some(upload) = upload {
                    upload.finish(files, &mut deeds);
                }
                State::After
            }
            content @ State::Content(..) if self.received.is_empty() => {
                self.state = content;
                return None;
            }
            State::Content(mut upload, left) => {
                let most = left.min(limits::VALUE as u64) as usize;
                let piece: Vec<u8> = self
                    .received
                    .drain(..most.min(self.received.len()))
                    .collect();
                if let Some(upload) = &mut upload {
                    upload.write(&piece, files, &mut deeds);
                }
                State::Content(upload, left - piece.len() as u64)
            }
            State::After => {
                if self.received.is_empty() {
                    self.state = State::After;
                    return None;
                }
                self.received.remove(0);
                deeds.push(Deed::Answer(vec![0]));
                State::Line
            }
            State::Ended => return None,
        };
        Some(deeds)
    }

    fn end(&mut self) -> Vec<Deed> {
        let mut deeds = match std::mem::replace(&mut self.state, State::Ended) {
            State::Content(Some(upload), _) => upload.abandon(),
            State::Ended => return vec![],
            _ => vec![],
        };
        deeds.push(Deed::Exit(0));
        deeds
    }
}

impl Sink {
    fn line(&mut self, line: &[u8], files: &mut Filesystem, deeds: &mut Vec<Deed>) -> State {
        let Some((kind, rest)) = line.split_first() else {
            deeds.push(Deed::Answer(vec![0]));
            return State::Line;
        };
        match kind {
            b'C' | b'D' => {
                let mut fields = rest.splitn(3, |b| *b == b' ');
                let mut field = || fields.next().unwrap_or_default();
                let mode = number(field(), 8).unwrap_or(0o644) as u32 & 0o7777;
                let size = number(field(), 10);
                let (Some(size), name) = (size, field()) else {
                    deeds.extend([refusal(b"size not delimited"), Deed::Exit(1)]);
                    return State::Ended;
                };
                let target = self.target(name, files);
                let path = files.resolve(&self.directory, &target);
                if *kind == b'D' {
                    self.enter(target, &path, mode, files, deeds)
                } else {
                    deeds.push(Deed::Command([b"scp: put ", target.as_slice()].concat()));
                    match Upload::begin(&target, path.clone(), false, files) {
                        Ok(upload) => {
                            let _ = files.set_mode(&path, mode);
                            deeds.push(Deed::Answer(vec![0]));
                            State::Content(Some(Box::new(upload)), size)
                        }
                        // The client sends nothing of a file that was refused.
                        Err(problem) => {
                            let text = [&target, format!(": {problem}").as_bytes()].concat();
                            deeds.push(refusal(&text));
                            State::Line
                        }
                    }
                }
            }
            b'E' => {
                if self.into.len() > 1 {
                    self.into.pop();
                }
                deeds.push(Deed::Answer(vec![0]));
                State::Line
            }
            // Times, which are set with the file; and warnings of the client's.
            b'T' => {
                deeds.push(Deed::Answer(vec![0]));
                State::Line
            }
            1 => State::Line,
            _ => {
                deeds.extend([refusal(b"protocol error"), Deed::Exit(1)]);
                State::Ended
            }
        }
    }

    fn enter(
        &mut self,
        target: Vec<u8>,
        path: &[u8],
        mode: u32,
        files: &mut Filesystem,
        deeds: &mut Vec<Deed>,
    ) -> State {
        deeds.push(Deed::Command([b"scp: mkdir ", target.as_slice()].concat()));
        let entered = if files.get(path).is_some_and(Node::is_directory) {
            Ok(())
        } else {
            files
                .make_directory(path, Timestamp::now())
                .and_then(|()| files.set_mode(path, mode))
        };
        match entered {
            Ok(()) if self.into.len() < DEPTH => {
                self.into.push(target);
                deeds.push(Deed::Answer(vec![0]));
                State::Line
            }
            Ok(()) => {
                deeds.extend([refusal(b"too many directories"), Deed::Exit(1)]);
                State::Ended
            }
            Err(problem) => {
                let text = [&target, format!(": {problem}").as_bytes()].concat();
                deeds.extend([refusal(&text), Deed::Exit(1)]);
                State::Ended
            }
        }
    }

    /// Where something of that name goes: into the target if that is a directory, else it is the target.
    fn target(&self, name: &[u8], files: &Filesystem) -> Vec<u8> {
        let into = self.into.last().map(Vec::as_slice).unwrap_or_default();
        let path = files.resolve(&self.directory, into);
        if files.get(&path).is_some_and(Node::is_directory) {
            let slash: &[u8] = if into.ends_with(b"/") || into.is_empty() {
                b""
            } else {
                b"/"
            };
            [into, slash, name].concat()
        } else {
            into.to_vec()
        }
    }
}

/// Sends files.
struct Source {
    directory: Vec<u8>,
    left: Vec<Next>,
    recursive: bool,
    files: usize,
    /// How often the client said that it is ready.
    acknowledged: usize,
    /// With what it will end: 1 once something went wrong.
    status: u8,
    /// Whether the client said, behind that, that it wants no more.
    aborted: bool,
    ended: bool,
}

/// What is sent next; one on top of the other.
enum Next {
    Path(Vec<u8>),
    Content(Vec<u8>),
    /// The end of a directory.
    Leave,
}

impl Transfer for Source {
    fn receive(&mut self, bytes: &[u8]) {
        for byte in bytes {
            match byte {
                0 if !self.aborted => self.acknowledged += 1,
                2 => self.aborted = true,
                _ => {}
            }
        }
    }

    fn step(&mut self, files: &mut Filesystem) -> Option<Vec<Deed>> {
        if self.ended {
            return None;
        }
        if self.acknowledged == 0 {
            self.ended = self.aborted;
            return self.ended.then(|| vec![Deed::Exit(1)]);
        }
        let Some(next) = self.left.pop() else {
            self.ended = true;
            return Some(vec![Deed::Exit(self.status)]);
        };
        self.acknowledged -= 1;
        Some(match next {
            Next::Leave => vec![Deed::Answer(b"E\n".to_vec())],
            Next::Content(path) => {
                let bytes = files.read(&path).unwrap_or_default().to_vec();
                let mut deeds: Vec<_> = bytes
                    .chunks(limits::VALUE)
                    .map(|piece| Deed::Sent(piece.to_vec()))
                    .collect();
                deeds.push(Deed::Answer([bytes.as_slice(), &[0]].concat()));
                deeds
            }
            Next::Path(path) => self.announce(&path, files),
        })
    }

    fn end(&mut self) -> Vec<Deed> {
        if std::mem::replace(&mut self.ended, true) {
            vec![]
        } else {
            vec![Deed::Exit(1)]
        }
    }
}

impl Source {
    fn announce(&mut self, name: &[u8], files: &Filesystem) -> Vec<Deed> {
        let command = Deed::Command([b"scp: get ", name].concat());
        let path = files.resolve(&self.directory, name);
        let last = path.rsplit(|b| *b == b'/').next().unwrap_or_default();
        self.files += 1;
        let problem = match files.get(&path) {
            _ if self.files > FILES => "Too many open files".to_owned(),
            None => "No such file or directory".to_owned(),
            Some(node) if node.is_directory() => match files.list(&path) {
                Ok(entries) if self.recursive => {
                    self.left.push(Next::Leave);
                    for (entry, node) in entries.into_iter().rev().take(FILES) {
                        if !matches!(node.kind, Kind::Device) {
                            self.left
                                .push(Next::Path([&path, b"/".as_slice(), &entry].concat()));
                        }
                    }
                    let head = format!("D{:04o} 0 ", node.mode & 0o7777);
                    let line = [head.as_bytes(), last, b"\n"].concat();
                    return vec![command, Deed::Answer(line)];
                }
                Ok(_) => "not a regular file".to_owned(),
                Err(refusal) => refusal.to_string(),
            },
            Some(node) => match files.read(&path) {
                Ok(bytes) => {
                    let head = format!("C{:04o} {} ", node.mode & 0o7777, bytes.len());
                    let line = [head.as_bytes(), last, b"\n"].concat();
                    self.left.push(Next::Content(path));
                    return vec![command, Deed::Answer(line)];
                }
                Err(refusal) => refusal.to_string(),
            },
        };
        self.status = 1;
        // The client does not acknowledge what went wrong.
        self.acknowledged += 1;
        vec![
            command,
            refusal(&[name, b": ", problem.as_bytes()].concat()),
        ]
    }
}

/// Tells the client that something went wrong.
fn refusal(text: &[u8]) -> Deed {
    Deed::Answer([b"\x01scp: ", text, b"\n"].concat())
}

fn number(text: &[u8], radix: u32) -> Option<u64> {
    u64::from_str_radix(std::str::from_utf8(text).ok()?, radix).ok()
}

#[cfg(test)]
mod tests;
