//! Commands that run others as somebody else, or open a shell for them.

use std::time::Duration;

use super::{Call, control::again};
use crate::shell::Shell;

/// How long a wrong password takes.
const WRONG: Duration = Duration::from_secs(2);

/// `su`, `su - user`, `su user -c line`
pub(super) fn su(shell: &mut Shell, call: &mut Call<'_>) -> u8 {
    let (mut user, mut line, mut login) = (None, None, false);
    let mut args = call.args.iter();
    while let Some(arg) = args.next() {
        match arg.as_slice() {
            b"-" | b"-l" | b"--login" => login = true,
            b"-c" | b"--command" => line = args.next(),
            b"-s" | b"--shell" | b"-g" | b"-G" => drop(args.next()),
            option if option.starts_with(b"-") => {}
            name => user = user.or(Some(name)),
        }
    }
    let user = user.unwrap_or(b"root");
    let Some(account) = shell.account(user) else {
        let text = b" does not exist or the user entry does not contain all the required fields";
        call.complain([b"user ", user, text].concat());
        return 1;
    };
    if shell.uid != 0 {
        call.streams.complain(b"Password: \n");
        call.run.wait(WRONG);
        call.complain("Authentication failure");
        return 1;
    }
    if let Some(line) = line {
        return shell.run_as(account, |shell| {
            shell.run_script(b"bash", line, &[], call.input, call.streams, call.run)
        });
    }
    shell.enter(account, login);
    0
}

/// `sudo -u user command`, `sudo -i`, `sudo su`
pub(super) fn sudo(shell: &mut Shell, call: &mut Call<'_>) -> u8 {
    let (mut user, mut login, mut own_shell) = (b"root".as_slice(), false, false);
    let mut rest = call.args;
    while let Some((first, after)) = rest.split_first()
        && first.starts_with(b"-")
    {
        rest = after;
        match first.as_slice() {
            b"-i" | b"--login" => login = true,
            b"-s" | b"--shell" => own_shell = true,
            b"-u" | b"-g" | b"-p" | b"-h" | b"-C" => {
                if let Some((value, after)) = rest.split_first() {
                    if first == b"-u" {
                        user = value;
                    }
                    rest = after;
                }
            }
            b"--" => break,
            _ => {}
        }
    }
    let Some(account) = shell.account(user) else {
        call.complain([b"unknown user ", user].concat());
        return 1;
    };
    if let [program] = rest
        && call.input.is_read()
    {
        let base = program.rsplit(|b| *b == b'/').next();
        own_shell |= matches!(base, Some(b"bash" | b"sh" | b"dash"));
    }
    if login || own_shell {
        if rest.len() <= 1 {
            shell.enter(account, login);
            return 0;
        }
    } else if rest.is_empty() {
        return u8::from(call.args.is_empty());
    }
    shell.run_as(account, |shell| again(shell, call, rest))
}
