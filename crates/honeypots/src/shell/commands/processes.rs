//! Commands that tell of processes and end them.

use std::time::Duration;

use super::Call;
use crate::shell::{Shell, date::Date};

/// The session's terminal.
const OWN: &str = "pts/0";

/// User, process number, terminal, time and command line.
type Process<'a> = (&'a str, u32, &'a str, &'a str, &'a str);

const SERVER: &[Process<'static>] = &[
    ("root", 1, "?", "0:09", "/sbin/init"),
    ("root", 2, "?", "0:00", "[kthreadd]"),
    ("root", 13, "?", "0:02", "[ksoftirqd/0]"),
    ("root", 14, "?", "0:31", "[rcu_sched]"),
    ("root", 352, "?", "0:04", "/lib/systemd/systemd-journald"),
    ("root", 391, "?", "0:01", "/lib/systemd/systemd-udevd"),
    (
        "systemd+",
        588,
        "?",
        "0:03",
        "/lib/systemd/systemd-networkd",
    ),
    (
        "systemd+",
        590,
        "?",
        "0:05",
        "/lib/systemd/systemd-resolved",
    ),
    ("root", 684, "?", "0:01", "/usr/sbin/cron -f -P"),
    (
        "message+",
        685,
        "?",
        "0:02",
        "@dbus-daemon --system --address=systemd: --nofork",
    ),
    ("syslog", 699, "?", "0:02", "/usr/sbin/rsyslogd -n -iNONE"),
    (
        "root",
        731,
        "?",
        "0:00",
        "sshd: /usr/sbin/sshd -D [listener] 0 of 10-100 startups",
    ),
    (
        "root",
        740,
        "tty1",
        "0:00",
        "/sbin/agetty -o -p -- \\u --noclear tty1 linux",
    ),
];

const ROUTER: &[Process<'static>] = &[
    ("root", 1, "?", "0:04", "/sbin/procd"),
    ("root", 2, "?", "0:00", "[kthreadd]"),
    ("root", 3, "?", "0:02", "[ksoftirqd/0]"),
    ("root", 401, "?", "0:00", "/sbin/ubusd"),
    (
        "root",
        402,
        "?",
        "0:00",
        "/sbin/askfirst /usr/libexec/login.sh",
    ),
    ("root", 640, "?", "0:01", "/sbin/logd -S 64"),
    ("root", 702, "?", "0:03", "/sbin/netifd"),
    (
        "root",
        733,
        "?",
        "0:00",
        "/usr/sbin/crond -f -c /etc/crontabs -l 5",
    ),
    (
        "root",
        781,
        "?",
        "0:00",
        "/usr/sbin/dropbear -F -P /var/run/dropbear.1.pid -p 22 -K 300",
    ),
    (
        "root",
        860,
        "?",
        "0:02",
        "/usr/sbin/uhttpd -f -h /www -r OpenWrt -x /cgi-bin -p 0.0.0.0:80",
    ),
    (
        "dnsmasq",
        1102,
        "?",
        "0:01",
        "/usr/sbin/dnsmasq -C /var/etc/dnsmasq.conf -k",
    ),
];

fn processes<'a>(shell: &'a Shell, own: &'a str) -> Vec<Process<'a>> {
    let router = shell.machine.personality.is_busybox();
    let login = if router { "-ash" } else { "-bash" };
    let mut all = if router { ROUTER } else { SERVER }.to_vec();
    all.push((&shell.user, 2817, OWN, "0:00", login));
    all.push((&shell.user, 2903, OWN, "0:00", own));
    all
}

/// The name of a process without its path and arguments.
fn name(command: &str) -> &str {
    let first = command.split([' ', ':']).next().unwrap_or_default();
    let last = first.rsplit('/').next().unwrap_or_default();
    last.trim_start_matches(['-', '@'])
}

/// When a process was started: with the machine, or, if it is the session's own, a moment ago.
fn start(shell: &Shell, terminal: &str) -> String {
    let (booted, now) = (Date::new(shell.machine.booted), Date::new(Shell::now()));
    if terminal == OWN {
        now.time.get(..5).unwrap_or_default().to_owned()
    } else if booted.year == now.year {
        format!("{}{}", booted.month_name, booted.day)
    } else {
        booted.year
    }
}

pub(super) fn ps(shell: &mut Shell, call: &mut Call<'_>) -> u8 {
    let letters: Vec<u8> = call.args.concat();
    let own = String::from_utf8_lossy(&[&[call.name.to_vec()], call.args].concat().join(&b' '))
        .into_owned();
    let all = processes(shell, &own);
    if shell.machine.personality.is_busybox() {
        call.print("  PID USER       VSZ STAT COMMAND\n");
        for (user, pid, _, _, command) in all {
            let size = if command.starts_with('[') {
                0
            } else {
                1000 + pid % 700
            };
            call.print(format!("{pid:>5} {user:<8} {size:>5} S    {command}\n"));
        }
    } else if letters.contains(&b'u') {
        call.print("USER         PID %CPU %MEM    VSZ   RSS TTY      STAT START   TIME COMMAND\n");
        for (user, pid, terminal, time, command) in all {
            let start = start(shell, terminal);
            call.print(format!("{user:<9} {pid:>6}  0.0  0.2 {:>6} {:>5} {terminal:<8} Ss   {start:>5} {time:>6} {command}\n", 8000 + pid, 4000 + pid));
        }
    } else if letters.contains(&b'f') {
        call.print("UID          PID    PPID  C STIME TTY          TIME CMD\n");
        for (user, pid, terminal, time, command) in all {
            let parent = u8::from(pid > 2);
            let start = start(shell, terminal);
            call.print(format!(
                "{user:<9} {pid:>6} {parent:>7}  0 {start:>5} {terminal:<8} 00:0{time} {command}\n"
            ));
        }
    } else {
        call.print("    PID TTY          TIME CMD\n");
        let everybody = b"eaxA".iter().any(|letter| letters.contains(letter));
        for (_, pid, terminal, time, command) in all {
            if everybody || terminal == OWN {
                call.print(format!(
                    "{pid:>7} {terminal:<8} 00:0{time} {}\n",
                    name(command)
                ));
            }
        }
    }
    0
}

pub(super) fn top(shell: &mut Shell, call: &mut Call<'_>) -> u8 {
    let all = processes(shell, "top");
    let memory = shell.machine.personality.memory / 1024;
    call.print(format!("top -{}", super::machine::load(shell)));
    call.print(format!(
        "Tasks: {:>3} total,   1 running, {:>3} sleeping,   0 stopped,   0 zombie
%Cpu(s):  0.3 us,  0.3 sy,  0.0 ni, 99.3 id,  0.0 wa,  0.0 hi,  0.0 si,  0.0 st
MiB Mem : {:>8}.0 total, {:>8}.3 free, {:>8}.4 used, {:>8}.6 buff/cache
MiB Swap:        0.0 total,        0.0 free,        0.0 used. {:>8}.5 avail Mem

    PID USER      PR  NI    VIRT    RES    SHR S  %CPU  %MEM     TIME+ COMMAND
",
        all.len(),
        all.len() - 1,
        memory,
        memory * 15 / 100,
        memory * 21 / 100,
        memory * 64 / 100,
        memory * 75 / 100
    ));
    for (user, pid, _, time, command) in all {
        call.print(format!(
            "{pid:>7} {user:<9} 20   0 {:>7} {:>6} {:>6} S   0.0   0.2   {time}.12 {}\n",
            8000 + pid,
            4000 + pid,
            3000 + pid,
            name(command)
        ));
    }
    0
}

/// `pgrep`, `pidof`: the numbers of processes of that name.
pub(super) fn pgrep(shell: &mut Shell, call: &mut Call<'_>) -> u8 {
    let wanted: Vec<String> = call
        .operands()
        .into_iter()
        .map(|arg| String::from_utf8_lossy(arg).into_owned())
        .collect();
    let whole = call.name == b"pidof" || call.has(b'x');
    let found: Vec<String> = processes(shell, "")
        .into_iter()
        .filter(|(.., command)| {
            wanted.iter().any(|wanted| {
                if whole {
                    name(command) == wanted
                } else {
                    name(command).contains(wanted.as_str())
                }
            })
        })
        .map(|(_, pid, ..)| pid.to_string())
        .collect();
    if found.is_empty() {
        return 1;
    }
    let separator = if call.name == b"pidof" { " " } else { "\n" };
    call.print(found.join(separator) + "\n");
    0
}

pub(super) fn kill(shell: &mut Shell, call: &mut Call<'_>) -> u8 {
    if call.name != b"kill" {
        let mut status = 1;
        for name_ in call.operands() {
            let wanted = String::from_utf8_lossy(name_).into_owned();
            let there = processes(shell, "")
                .iter()
                .any(|(.., command)| name(command) == wanted);
            if there {
                status = 0;
            } else if call.name == b"killall" && !call.has(b'q') {
                call.streams
                    .complain(&[name_, b": no process found\n"].concat());
            }
        }
        return status;
    }
    let mut status = 0;
    for target in call.operands() {
        let known = processes(shell, "")
            .iter()
            .any(|(_, pid, ..)| pid.to_string().as_bytes() == target);
        if !known {
            let text = [b"kill: (", target, b") - No such process"].concat();
            shell.complain(call.streams, &text);
            status = 1;
        }
    }
    status
}

/// Takes the time that it is told, within bounds.
pub(super) fn sleep(_: &mut Shell, call: &mut Call<'_>) -> u8 {
    let Some(time) = call.args.first() else {
        call.complain("missing operand\nTry 'sleep --help' for more information.");
        return 1;
    };
    let text = String::from_utf8_lossy(time);
    let (number, unit) = match text.strip_suffix(['s', 'm', 'h', 'd']) {
        Some(number) => (number, if text.ends_with('s') { 1.0 } else { 60.0 }),
        None => (&*text, 1.0),
    };
    if let Some(time) = number
        .parse::<f64>()
        .ok()
        .and_then(|number| Duration::try_from_secs_f64(number * unit).ok())
    {
        call.run.wait(time);
        0
    } else {
        let text = [
            b"invalid time interval '",
            time.as_slice(),
            b"'\nTry 'sleep --help' for more information.",
        ]
        .concat();
        call.complain(text);
        1
    }
}
