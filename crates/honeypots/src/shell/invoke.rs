//! Finds the commands that lines name, and runs files.

use super::{
    Shell,
    bounds::{Call, Flow, Input, Run, Streams},
    commands::{self, Command},
    filesystem::{Kind, Refusal},
};

impl Shell {
    /// Runs a command that has its words.
    pub(super) fn call(
        &mut self,
        args: &[Vec<u8>],
        input: &mut Input,
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
        let program = self.program(base);
        self.status = if name.contains(&b'/') {
            let path = self.files.resolve(&self.directory, name);
            let refusal = match (self.files.get(&path), program) {
                (None, _) => Refusal::Missing,
                (Some(node), _) if node.is_directory() => Refusal::Directory,
                (Some(node), _) if node.mode & 0o111 == 0 => Refusal::Denied,
                (Some(_), Some(command)) if path.starts_with(b"/usr/") => {
                    let mut call = Call {
                        name,
                        args,
                        input,
                        streams,
                        run,
                    };
                    self.status = command(self, &mut call);
                    return;
                }
                (Some(_), _) => {
                    self.status = self.run_file(name, &path, args, input, streams, run);
                    return;
                }
            };
            let text = if self.machine.personality.is_busybox() && refusal == Refusal::Missing {
                "not found".to_owned()
            } else {
                refusal.to_string()
            };
            self.complain(streams, &[name.as_slice(), b": ", text.as_bytes()].concat());
            if refusal == Refusal::Missing {
                127
            } else {
                126
            }
        } else if let Some(command) = program {
            let mut call = Call {
                name,
                args,
                input,
                streams,
                run,
            };
            command(self, &mut call)
        } else {
            let text: &[u8] = if self.machine.personality.is_busybox() {
                b": not found"
            } else {
                b": command not found"
            };
            self.complain(streams, &[name.as_slice(), text].concat());
            127
        };
    }

    /// The command of that name, if this machine has it.
    pub(super) fn program(&self, name: &[u8]) -> Option<Command> {
        commands::find(name).filter(|_| self.machine.personality.has(name))
    }

    /// Runs a file that the session made: a script is run, a program is not.
    pub(super) fn run_file(
        &mut self,
        name: &[u8],
        path: &[u8],
        args: &[Vec<u8>],
        input: &mut Input,
        streams: &mut Streams,
        run: &mut Run,
    ) -> u8 {
        let Ok(content) = self.files.read(path) else {
            return 126;
        };
        if content.contains(&0) || content.starts_with(b"\x7fELF") {
            let text: &[u8] = if self.machine.personality.is_busybox() {
                b": Exec format error"
            } else {
                b": cannot execute binary file: Exec format error"
            };
            self.complain(streams, &[name, text].concat());
            return 126;
        }
        let script = content.to_vec();
        self.run_script(name, &script, args, input, streams, run)
    }

    /// Runs a script in a shell of its own: its end is not this shell's.
    pub(super) fn run_script(
        &mut self,
        name: &[u8],
        script: &[u8],
        args: &[Vec<u8>],
        input: &mut Input,
        streams: &mut Streams,
        run: &mut Run,
    ) -> u8 {
        let depth = self.levels.len();
        let directory = self.directory.clone();
        let variables = self.variables.clone();
        let name = std::mem::replace(&mut self.name, name.to_vec());
        let arguments = std::mem::replace(&mut self.arguments, args.to_vec());
        self.status = 0;
        self.run_line(script, input, streams, run);
        self.leave_to(depth);
        (self.directory, self.variables) = (directory, variables);
        (self.name, self.arguments) = (name, arguments);
        run.ended = false;
        run.flow = Flow::Next;
        self.status
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
