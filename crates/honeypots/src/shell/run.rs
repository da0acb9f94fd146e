//! Runs what the parser made of a line, within bounds of steps, depth, output and time.

use std::sync::Arc;

use super::{
    Shell,
    bounds::{Flow, Input, Run, Streams},
    glob::fits,
    parse::{self, Body, Command, Link, List, Piece, Pipeline, Syntax, Word},
};

/// The most functions that a session defines.
const FUNCTIONS: usize = 64;
/// The most tokens that all of them take.
const TOKENS: usize = 16_384;

impl Shell {
    /// Runs a line, which may be part of another one.
    pub(super) fn run_line(
        &mut self,
        line: &[u8],
        input: &mut Input,
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
                self.run_list(&list, input, streams, run);
                run.ascend();
            }
            Err(syntax) => {
                let text = match syntax {
                    Syntax::Unexpected(token) => self.unexpected(&token),
                    Syntax::Unclosed(sign) => self.unclosed(sign),
                    Syntax::End => b"syntax error: unexpected end of file".to_vec(),
                    Syntax::TooLong => b"Argument list too long".to_vec(),
                };
                self.complain(streams, &text);
                self.status = 2;
            }
        }
    }

    fn unexpected(&self, token: &[u8]) -> Vec<u8> {
        if self.machine.personality.is_busybox() {
            return [b"syntax error: unexpected \"", token, b"\""].concat();
        }
        [b"syntax error near unexpected token `", token, b"'"].concat()
    }

    fn unclosed(&self, sign: u8) -> Vec<u8> {
        if self.machine.personality.is_busybox() {
            return b"syntax error: unterminated quoted string".to_vec();
        }
        let sign = [sign];
        [
            b"unexpected EOF while looking for matching `".as_slice(),
            &sign,
            b"'",
        ]
        .concat()
    }

    fn run_list(&mut self, list: &List, input: &mut Input, streams: &mut Streams, run: &mut Run) {
        for (link, pipeline) in list {
            let due = match link {
                Link::Always => true,
                Link::And => self.status == 0,
                Link::Or => self.status != 0,
            };
            if run.ended || run.steps == 0 || run.flow != Flow::Next {
                break;
            }
            if due {
                self.run_pipeline(pipeline, input, streams, run);
            }
        }
    }

    fn run_pipeline(
        &mut self,
        pipeline: &Pipeline,
        input: &mut Input,
        streams: &mut Streams,
        run: &mut Run,
    ) {
        let Some((last, before)) = pipeline.commands.split_last() else {
            return;
        };
        let mut passed: Option<Input> = None;
        for command in before {
            let mut stage = Streams::default();
            self.run_command(command, passed.as_mut().unwrap_or(input), &mut stage, run);
            streams.complain(&stage.err);
            passed = Some(Input::new(stage.out));
        }
        self.run_command(last, passed.as_mut().unwrap_or(input), streams, run);
        if pipeline.negated {
            self.status = u8::from(self.status == 0);
        }
    }

    fn run_command(
        &mut self,
        command: &Command,
        input: &mut Input,
        streams: &mut Streams,
        run: &mut Run,
    ) {
        if !run.step() {
            return;
        }
        if command.redirects.is_empty() {
            self.run_body(&command.body, input, streams, run);
            return;
        }
        match self.input_of(&command.redirects, run) {
            Ok(own) => {
                let mut own = own.map(Input::new);
                let mut streams_of_its_own = Streams::default();
                self.run_body(
                    &command.body,
                    own.as_mut().unwrap_or(input),
                    &mut streams_of_its_own,
                    run,
                );
                self.redirect(&command.redirects, streams_of_its_own, streams, run);
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

    fn run_body(&mut self, body: &Body, input: &mut Input, streams: &mut Streams, run: &mut Run) {
        match body {
            Body::Simple(words) => self.run_simple(words, input, streams, run),
            Body::Group(list) => self.run_list(list, input, streams, run),
            Body::Subshell(list) => {
                let (variables, directory) = (self.variables.clone(), self.directory.clone());
                self.run_list(list, input, streams, run);
                (self.variables, self.directory) = (variables, directory);
                run.ended = false;
            }
            Body::If(branches, otherwise) => {
                for (condition, list) in branches {
                    self.run_list(condition, input, streams, run);
                    if run.ended || run.flow != Flow::Next {
                        return;
                    }
                    if self.status == 0 {
                        return self.run_list(list, input, streams, run);
                    }
                }
                self.status = 0;
                self.run_list(otherwise, input, streams, run);
            }
            Body::For(name, words, list) => {
                let values = match words {
                    Some(words) => self.expand_all(words, run),
                    None => self.arguments.clone(),
                };
                self.status = 0;
                for value in values {
                    self.set(name, &value);
                    self.run_list(list, input, streams, run);
                    if !again(run) {
                        break;
                    }
                }
            }
            Body::While(until, condition, list) => {
                let mut status = 0;
                loop {
                    self.run_list(condition, input, streams, run);
                    if (self.status == 0) == *until || !again(run) {
                        break;
                    }
                    self.run_list(list, input, streams, run);
                    status = self.status;
                    if !again(run) {
                        break;
                    }
                }
                self.status = status;
            }
            Body::Case(subject, choices) => {
                let subject = self.expand_one(subject, run);
                self.status = 0;
                for (patterns, list) in choices {
                    let fit = patterns.iter().any(|pattern| {
                        let pattern = self.expand_pattern(pattern, run);
                        run.may_read(pattern.len().saturating_mul(subject.len()))
                            && fits(&pattern, &subject)
                    });
                    if fit {
                        return self.run_list(list, input, streams, run);
                    }
                }
            }
            Body::Function(name, list, tokens) => {
                let used: usize = self.functions.values().map(|(_, tokens)| tokens).sum();
                if self.functions.len() < FUNCTIONS && used + tokens <= TOKENS {
                    let function = (Arc::clone(list), *tokens);
                    self.functions.insert(name.clone(), function);
                }
                self.status = 0;
            }
        }
    }

    fn run_simple(
        &mut self,
        words: &[Word],
        input: &mut Input,
        streams: &mut Streams,
        run: &mut Run,
    ) {
        let count = words.iter().take_while(|word| is_assignment(word)).count();
        let (assignments, words) = words.split_at(count);
        let args = self.expand_all(words, run);
        if words.is_empty() {
            self.status = 0;
        }
        let mut old = vec![];
        for assignment in assignments {
            let text = self.expand_one(assignment, run);
            if let Some(equals) = text.iter().position(|b| *b == b'=') {
                let name = &text[..equals];
                old.push((name.to_vec(), self.variables.get(name).cloned()));
                self.set(name, &text[equals + 1..]);
            }
        }
        if let Some(list) = args
            .first()
            .and_then(|name| self.functions.get(name))
            .map(|(list, _)| Arc::clone(list))
        {
            self.run_function(&list, &args, input, streams, run);
        } else {
            self.call(&args, input, streams, run);
        }
        // What stands before a command is for that command alone.
        if !args.is_empty() {
            for (name, value) in old {
                match value {
                    Some(value) => drop(self.variables.insert(name, value)),
                    None => drop(self.variables.remove(&name)),
                }
            }
        }
    }

    fn run_function(
        &mut self,
        list: &List,
        args: &[Vec<u8>],
        input: &mut Input,
        streams: &mut Streams,
        run: &mut Run,
    ) {
        if !run.descend() {
            return;
        }
        let arguments = std::mem::replace(&mut self.arguments, args[1..].to_vec());
        self.status = 0;
        self.run_list(list, input, streams, run);
        self.arguments = arguments;
        if run.flow == Flow::Return {
            run.flow = Flow::Next;
        }
        run.ascend();
    }

    /// Complains as the shell itself.
    pub(super) fn complain(&self, streams: &mut Streams, text: &[u8]) {
        streams.complain(&[self.name.as_slice(), b": ", self.line_number(), text, b"\n"].concat());
    }

    fn line_number(&self) -> &'static [u8] {
        if self.name.starts_with(b"-") || self.machine.personality.is_busybox() {
            b""
        } else {
            b"line 1: "
        }
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
}

/// Whether a loop goes on.
fn again(run: &mut Run) -> bool {
    let (next, stays) = match run.flow {
        Flow::Break(depth) if depth > 1 => (Flow::Break(depth - 1), false),
        Flow::Continue(depth) if depth > 1 => (Flow::Continue(depth - 1), false),
        Flow::Break(_) => (Flow::Next, false),
        Flow::Next | Flow::Continue(_) => (Flow::Next, true),
        Flow::Return => (Flow::Return, false),
    };
    run.flow = next;
    stays && !run.ended && run.step()
}

fn is_assignment(word: &Word) -> bool {
    let Some(Piece::Text(text, false)) = word.first() else {
        return false;
    };
    let Some(equals) = text.iter().position(|b| *b == b'=') else {
        return false;
    };
    let name = &text[..equals];
    name.iter().all(|b| b.is_ascii_alphanumeric() || *b == b'_')
        && name.first().is_some_and(|b| !b.is_ascii_digit())
}
