//! Programs that begin and do no more: an interpreter and editors.

use super::Call;
use crate::shell::Shell;

/// `python3 -c code`, `python3 file`: what it would do is not done. Without arguments it takes code and says nothing;
/// the terminal shows its [`greeting`] and its [`PROMPT`].
pub(super) fn python(shell: &mut Shell, call: &mut Call<'_>) -> u8 {
    let mut args = call.args.iter();
    while let Some(arg) = args.next() {
        match arg.as_slice() {
            b"-V" | b"--version" => {
                let version = version(shell);
                call.print(format!("Python {version}\n"));
                return 0;
            }
            b"-c" if args.next().is_none() => {
                call.streams.complain(
                    b"Argument expected for the -c option\n\
                    usage: python3 [option] ... [-c cmd | -m mod | file | -] [arg] ...\n\
                    Try `python -h' for more information.\n",
                );
                return 2;
            }
            b"-c" | b"-" => return 0,
            b"-m" => {
                let module = args.next().cloned().unwrap_or_default();
                let text = [b"/usr/bin/python3: No module named ", &*module, b"\n"].concat();
                call.streams.complain(&text);
                return 1;
            }
            option if option.starts_with(b"-") => {}
            file => {
                let path = shell.files.resolve(&shell.directory, file);
                let Err(refusal) = shell.files.read(&path) else {
                    return 0;
                };
                let text = format!(": [Errno 2] {refusal}");
                call.complain([b"can't open file '", &*path, b"'", text.as_bytes()].concat());
                return 2;
            }
        }
    }
    0
}

/// What stands before each line of code.
pub(in crate::shell) const PROMPT: &[u8] = b">>> ";

/// What Python says when it begins.
pub(in crate::shell) fn greeting(shell: &Shell) -> String {
    let (version, built) = (version(shell), built(shell));
    format!(
        "Python {version} ({built} on linux\nType \"help\", \"copyright\", \"credits\" or \"license\" for more information.\n"
    )
}

fn is_debian(shell: &Shell) -> bool {
    shell.machine.personality.product.starts_with("Debian")
}

fn version(shell: &Shell) -> &'static str {
    if is_debian(shell) {
        "3.11.2"
    } else {
        "3.10.12"
    }
}

fn built(shell: &Shell) -> &'static str {
    if is_debian(shell) {
        "main, Mar 13 2023, 12:18:29) [GCC 12.2.0]"
    } else {
        "main, Nov 20 2023, 15:14:05) [GCC 11.4.0]"
    }
}

/// `nano`: a terminal that it does not know is in its way.
pub(super) fn nano(shell: &mut Shell, call: &mut Call<'_>) -> u8 {
    let terminal = shell.variables.get(b"TERM".as_slice());
    let terminal = terminal.map_or(b"unknown".as_slice(), Vec::as_slice);
    let text = [b"Error opening terminal: ", terminal, b".\n"].concat();
    call.streams.complain(&text);
    1
}

/// `vi` and `vim`, likewise.
pub(super) fn vi(_: &mut Shell, call: &mut Call<'_>) -> u8 {
    call.streams
        .complain(b"E437: Terminal capability \"cm\" required\n");
    1
}
