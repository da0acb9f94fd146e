//! Commands that tell of users and change them.

use super::Call;
use crate::shell::{Shell, date::Date, filesystem::Refusal};

pub(super) fn id(shell: &mut Shell, call: &mut Call<'_>) -> u8 {
    let (uid, user) = (shell.uid, &shell.user);
    let short = call.has(b'u') || call.has(b'g');
    let text = match (short, call.has(b'n')) {
        (true, true) => user.clone(),
        (true, false) => uid.to_string(),
        _ if uid == 0 => "uid=0(root) gid=0(root) groups=0(root)".to_owned(),
        _ => format!("uid={uid}({user}) gid={uid}({user}) groups={uid}({user}),27(sudo)"),
    };
    call.print(text + "\n");
    0
}

pub(super) fn groups(shell: &mut Shell, call: &mut Call<'_>) -> u8 {
    let more = if shell.uid == 0 { "" } else { " sudo" };
    call.print(format!("{}{more}\n", shell.user));
    0
}

pub(super) fn whoami(shell: &mut Shell, call: &mut Call<'_>) -> u8 {
    call.print(format!("{}\n", shell.user));
    0
}

pub(super) fn w(shell: &mut Shell, call: &mut Call<'_>) -> u8 {
    call.print(super::machine::load(shell));
    call.print("USER     TTY      FROM             LOGIN@   IDLE   JCPU   PCPU WHAT\n");
    let time = Date::new(Shell::now()).time;
    call.print(format!(
        "{:<8} pts/0    -                {}    0.00s  0.02s  0.00s w\n",
        shell.login_user(),
        time.get(..5).unwrap_or_default()
    ));
    0
}

pub(super) fn who(shell: &mut Shell, call: &mut Call<'_>) -> u8 {
    let date = Date::new(Shell::now());
    call.print(format!(
        "{:<8} pts/0        {}-{}-{} {}\n",
        shell.login_user(),
        date.year,
        date.month,
        date.day,
        date.time.get(..5).unwrap_or_default()
    ));
    0
}

pub(super) fn last(shell: &mut Shell, call: &mut Call<'_>) -> u8 {
    let booted = Date::new(shell.machine.booted);
    let time = booted.time.get(..5).unwrap_or_default();
    let kernel = shell.machine.personality.kernel;
    call.print(format!(
        "{:<8} pts/0        still logged in\nreboot   system boot  {kernel} {} {} {:>2} {time}   still running\n\nwtmp begins {}\n",
        shell.login_user(),
        booted.weekday,
        booted.month_name,
        booted.day,
        booted.full()
    ));
    0
}

pub(super) fn lastlog(shell: &mut Shell, call: &mut Call<'_>) -> u8 {
    call.print("Username         Port     From             Latest\n");
    let date = Date::new(Shell::now()).full();
    call.print(format!(
        "{:<16} pts/0                     {date}\n",
        shell.user
    ));
    0
}

/// `passwd`: takes the new password twice from its input; the old one is not asked for, as for root.
pub(super) fn passwd(shell: &mut Shell, call: &mut Call<'_>) -> u8 {
    let user = call.operands().first().map(|name| name.to_vec());
    if let Some(user) = user.filter(|user| !is_known(shell, user)) {
        call.complain([b"user '", user.as_slice(), b"' does not exist"].concat());
        return 1;
    }
    if call.has(b'd') || call.has(b'l') || call.has(b'u') {
        call.print("passwd: password expiry information changed.\n");
        return 0;
    }
    let given = if call.args.iter().any(|arg| arg == b"--stdin") {
        call.input.line().map(|line| (line.to_vec(), line.to_vec()))
    } else {
        call.streams.complain(b"New password: ");
        let first = call.input.line().map(<[u8]>::to_vec);
        call.streams.complain(b"\nRetype new password: ");
        first.zip(call.input.line().map(<[u8]>::to_vec))
    };
    call.streams.complain(b"\n");
    match given {
        Some((first, second)) if !first.is_empty() && first == second => {
            call.streams
                .complain(b"passwd: password updated successfully\n");
            0
        }
        Some((first, second)) if first != second => {
            call.streams.complain(b"Sorry, passwords do not match.\n");
            call.complain("Authentication token manipulation error\npasswd: password unchanged");
            10
        }
        _ => {
            call.complain("Authentication token manipulation error\npasswd: password unchanged");
            10
        }
    }
}

/// `chpasswd`: lines of `user:password`.
pub(super) fn chpasswd(shell: &mut Shell, call: &mut Call<'_>) -> u8 {
    if shell.uid != 0 {
        call.complain("cannot lock /etc/passwd; try again later.");
        return 1;
    }
    let mut status = 0;
    let mut number = 0;
    while let Some(line) = call.input.line().map(<[u8]>::to_vec) {
        number += 1;
        let user = line.split(|b| *b == b':').next().unwrap_or_default();
        if !line.contains(&b':') {
            call.complain(format!("line {number}: missing new password"));
            status = 1;
        } else if !is_known(shell, user) {
            let text = [b"user '".as_slice(), user, b"' does not exist"].concat();
            call.complain([format!("(line {number}) ").as_bytes(), &text].concat());
            status = 1;
        }
    }
    status
}

fn is_known(shell: &Shell, user: &[u8]) -> bool {
    let start = [user, b":"].concat();
    let users = shell.files.read(b"/etc/passwd").unwrap_or_default();
    super::lines(users).any(|line| line.starts_with(&start))
}

/// `useradd name`: there is a line more in `/etc/passwd`, and a directory with `-m`.
pub(super) fn useradd(shell: &mut Shell, call: &mut Call<'_>) -> u8 {
    let mut user = None;
    let mut args = call.args.iter();
    let (mut login_shell, mut home, mut uid) = (b"/bin/sh".as_slice(), None, None);
    while let Some(arg) = args.next() {
        match arg.as_slice() {
            b"-s" | b"--shell" => login_shell = args.next().map_or(login_shell, Vec::as_slice),
            b"-d" | b"--home" => home = args.next().cloned(),
            b"-u" => uid = args.next().cloned(),
            b"-p" | b"-g" | b"-G" | b"-c" | b"-e" => drop(args.next()),
            arg if arg.starts_with(b"-") => {}
            arg => user = Some(arg),
        }
    }
    let Some(user) = user.filter(|user| user.len() <= 32 && !user.contains(&b':')) else {
        call.streams.complain(b"Usage: useradd [options] LOGIN\n");
        return 2;
    };
    if is_known(shell, user) {
        call.complain([b"user '", user, b"' already exists"].concat());
        return 9;
    }
    let home = home.unwrap_or_else(|| [b"/home/", user].concat());
    let uid = uid.unwrap_or_else(|| b"1001".to_vec());
    let line = [
        user,
        b":x:",
        &uid,
        b":",
        &uid,
        b"::",
        &home,
        b":",
        login_shell,
        b"\n",
    ]
    .concat();
    let now = Shell::now();
    let done = shell.files.write(b"/etc/passwd", &line, true, now);
    if done == Err(Refusal::Denied) {
        call.complain("Permission denied.\nuseradd: cannot lock /etc/passwd; try again later.");
        return 1;
    }
    if call.has(b'm') {
        let _ = shell.files.make_directory(&home, now);
    }
    0
}
