//! Commands that tell of the machine, its users and its processes.

use std::time::Duration;

use skep_model::time::{DAY, HOUR};

use super::Call;
use crate::shell::{
    Shell,
    date::Date,
    machine::{KERNEL, MEMORY, PROCESSOR, VERSION},
};

pub(super) fn uname(shell: &mut Shell, call: &mut Call<'_>) -> u8 {
    if let Some(wrong) = call.operands().first() {
        call.complain(
            [
                b"extra operand '",
                *wrong,
                b"'\nTry 'uname --help' for more information.",
            ]
            .concat(),
        );
        return 1;
    }
    let all = call.has(b'a') || call.args.iter().any(|arg| arg == b"--all");
    let none = call.args.is_empty();
    let parts = [
        (b's', "Linux"),
        (b'n', shell.machine.hostname.as_str()),
        (b'r', KERNEL),
        (b'v', VERSION),
        (b'm', "x86_64"),
        (b'p', "x86_64"),
        (b'i', "x86_64"),
        (b'o', "GNU/Linux"),
    ];
    let chosen = parts
        .iter()
        .filter(|(option, _)| all || call.has(*option) || none && *option == b's');
    let text = chosen.map(|(_, part)| *part).collect::<Vec<_>>().join(" ");
    call.print(text + "\n");
    0
}

pub(super) fn arch(_: &mut Shell, call: &mut Call<'_>) -> u8 {
    call.print("x86_64\n");
    0
}

pub(super) fn hostname(shell: &mut Shell, call: &mut Call<'_>) -> u8 {
    let text = if call.has(b'I') || call.has(b'i') {
        &shell.machine.address
    } else {
        &shell.machine.hostname
    };
    call.print(format!("{text}\n"));
    0
}

pub(super) fn id(shell: &mut Shell, call: &mut Call<'_>) -> u8 {
    let (uid, user) = (shell.uid, &shell.user);
    let text = match (call.has(b'u'), call.has(b'n')) {
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

pub(super) fn date(_: &mut Shell, call: &mut Call<'_>) -> u8 {
    let now = Shell::now();
    let date = Date::new(now);
    let text = match call.operands().first().copied() {
        Some(b"+%s") => (now.0 / 1000).to_string(),
        Some(b"+%F") => format!("{}-{}-{}", date.year, date.month, date.day),
        Some(b"+%Y") => date.year,
        _ => date.full(),
    };
    call.print(text + "\n");
    0
}

/// The first line of `uptime` and `w`.
fn load(shell: &Shell) -> String {
    let now = Shell::now();
    let up = now - shell.machine.booted;
    let (days, hours, minutes) = (up / DAY, up % DAY / HOUR, up % HOUR / 60_000);
    format!(
        " {} up {days} days, {hours:>2}:{minutes:02},  1 user,  load average: 0.08, 0.03, 0.01\n",
        Date::new(now).time
    )
}

pub(super) fn uptime(shell: &mut Shell, call: &mut Call<'_>) -> u8 {
    call.print(load(shell));
    0
}

pub(super) fn w(shell: &mut Shell, call: &mut Call<'_>) -> u8 {
    call.print(load(shell));
    call.print("USER     TTY      FROM             LOGIN@   IDLE   JCPU   PCPU WHAT\n");
    let time = Date::new(Shell::now()).time;
    call.print(format!(
        "{:<8} pts/0    -                {}    0.00s  0.02s  0.00s w\n",
        shell.user,
        time.get(..5).unwrap_or_default()
    ));
    0
}

pub(super) fn who(shell: &mut Shell, call: &mut Call<'_>) -> u8 {
    let date = Date::new(Shell::now());
    call.print(format!(
        "{:<8} pts/0        {}-{}-{} {}\n",
        shell.user,
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
    call.print(format!(
        "{:<8} pts/0        still logged in\nreboot   system boot  {KERNEL} {} {} {:>2} {time}   still running\n\nwtmp begins {}\n",
        shell.user,
        booted.weekday,
        booted.month_name,
        booted.day,
        booted.full()
    ));
    0
}

pub(super) fn free(_: &mut Shell, call: &mut Call<'_>) -> u8 {
    let unit = if call.has(b'g') {
        1024 * 1024
    } else if call.has(b'm') || call.has(b'h') {
        1024
    } else {
        1
    };
    let sign = if call.has(b'h') { "Mi" } else { "" };
    let show = |kib: u64| format!("{:>12}", format!("{}{sign}", kib / unit));
    let row = [MEMORY, 415_180, 311_228, 1_032, 1_288_056, 1_512_004]
        .map(show)
        .concat();
    call.print(format!(
        "               total        used        free      shared  buff/cache   available\nMem:    {row}\nSwap:   {}\n",
        [0; 3].map(show).concat()
    ));
    0
}

pub(super) fn df(_: &mut Shell, call: &mut Call<'_>) -> u8 {
    call.print(if call.has(b'h') {
        "Filesystem      Size  Used Avail Use% Mounted on
tmpfs           197M  1.1M  196M   1% /run
/dev/vda1        39G  5.6G   33G  15% /
tmpfs           984M     0  984M   0% /dev/shm
tmpfs           5.0M     0  5.0M   0% /run/lock
"
    } else {
        "Filesystem     1K-blocks    Used Available Use% Mounted on
tmpfs             201448    1064    200384   1% /run
/dev/vda1       40470732 5871764  34582584  15% /
tmpfs            1007232       0   1007232   0% /dev/shm
tmpfs               5120       0      5120   0% /run/lock
"
    });
    0
}

pub(super) fn mount(_: &mut Shell, call: &mut Call<'_>) -> u8 {
    if call.args.is_empty() {
        call.print(
            "sysfs on /sys type sysfs (rw,nosuid,nodev,noexec,relatime)
proc on /proc type proc (rw,nosuid,nodev,noexec,relatime)
udev on /dev type devtmpfs (rw,nosuid,relatime,size=983884k,nr_inodes=245971,mode=755,inode64)
/dev/vda1 on / type ext4 (rw,relatime,discard,errors=remount-ro)
tmpfs on /dev/shm type tmpfs (rw,nosuid,nodev,inode64)
",
        );
    }
    0
}

pub(super) fn nproc(_: &mut Shell, call: &mut Call<'_>) -> u8 {
    call.print("2\n");
    0
}

pub(super) fn lscpu(_: &mut Shell, call: &mut Call<'_>) -> u8 {
    call.print(format!(
        "Architecture:            x86_64
  CPU op-mode(s):        32-bit, 64-bit
  Address sizes:         46 bits physical, 48 bits virtual
  Byte Order:            Little Endian
CPU(s):                  2
  On-line CPU(s) list:   0,1
Vendor ID:               GenuineIntel
  Model name:            {PROCESSOR}
    CPU family:          6
    Model:               79
    Thread(s) per core:  1
    Core(s) per socket:  1
    Socket(s):           2
    Stepping:            1
    BogoMIPS:            4799.99
Virtualization features:
  Hypervisor vendor:     KVM
  Virtualization type:   full
"
    ));
    0
}

pub(super) fn lspci(_: &mut Shell, call: &mut Call<'_>) -> u8 {
    call.print(
        "00:00.0 Host bridge: Intel Corporation 440FX - 82441FX PMC [Natoma] (rev 02)
00:01.0 ISA bridge: Intel Corporation 82371SB PIIX3 ISA [Natoma/Triton II]
00:02.0 VGA compatible controller: Cirrus Logic GD 5446
00:03.0 Ethernet controller: Red Hat, Inc. Virtio network device
00:04.0 SCSI storage controller: Red Hat, Inc. Virtio block device
",
    );
    0
}

/// Process number, terminal, time and command line.
const PROCESSES: &[(&str, u32, &str, &str, &str)] = &[
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
    ("root", 642, "?", "0:01", "/usr/sbin/cron -f -P"),
    (
        "message+",
        643,
        "?",
        "0:00",
        "@dbus-daemon --system --address=systemd: --nofork --nopidfile",
    ),
    ("syslog", 655, "?", "0:02", "/usr/sbin/rsyslogd -n -iNONE"),
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

pub(super) fn ps(shell: &mut Shell, call: &mut Call<'_>) -> u8 {
    let letters: Vec<u8> = call.args.concat();
    let own = [
        (shell.user.as_str(), 2817, "pts/0", "0:00", "-bash"),
        (shell.user.as_str(), 2903, "pts/0", "0:00", "ps"),
    ];
    if call.name == b"top" || letters.contains(&b'u') || letters.contains(&b'f') {
        call.print("USER         PID %CPU %MEM    VSZ   RSS TTY      STAT START   TIME COMMAND\n");
        for (user, pid, terminal, time, command) in PROCESSES.iter().chain(&own) {
            call.print(format!("{user:<9} {pid:>6}  0.0  0.2 {:>6} {:>5} {terminal:<8} Ss   Jun14 {time:>6} {command}\n", 8000 + pid, 4000 + pid));
        }
    } else {
        call.print("    PID TTY          TIME CMD\n");
        let all = letters.contains(&b'e') || letters.contains(&b'a') || letters.contains(&b'A');
        let others: &[_] = if all { PROCESSES } else { &[] };
        for (_, pid, terminal, time, command) in others.iter().chain(&own) {
            let name = command
                .split([' ', ':'])
                .next()
                .unwrap_or_default()
                .trim_start_matches('-');
            let name = name.rsplit('/').next().unwrap_or_default();
            call.print(format!("{pid:>7} {terminal:<8} 00:0{time} {name}\n"));
        }
    }
    0
}

pub(super) fn kill(shell: &mut Shell, call: &mut Call<'_>) -> u8 {
    if call.name != b"kill" {
        let Some(name) = call.operands().first().copied() else {
            return 1;
        };
        if call.name == b"killall" {
            call.streams
                .complain(&[name, b": no process found\n"].concat());
        }
        return 1;
    }
    for target in call.operands() {
        shell.complain(
            call.streams,
            &[b"kill: (", target, b") - No such process"].concat(),
        );
    }
    1
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

pub(super) fn clear(_: &mut Shell, call: &mut Call<'_>) -> u8 {
    call.print("\x1b[H\x1b[2J\x1b[3J");
    0
}

pub(super) fn crontab(shell: &mut Shell, call: &mut Call<'_>) -> u8 {
    if call.has(b'l') {
        call.streams
            .complain(format!("no crontab for {}\n", shell.user).as_bytes());
        return 1;
    }
    0
}

pub(super) fn passwd(_: &mut Shell, call: &mut Call<'_>) -> u8 {
    call.complain("Authentication token manipulation error\npasswd: password unchanged");
    10
}

pub(super) fn forbidden(_: &mut Shell, call: &mut Call<'_>) -> u8 {
    call.complain("read kernel buffer failed: Operation not permitted");
    1
}

pub(super) fn no_lock(_: &mut Shell, call: &mut Call<'_>) -> u8 {
    call.streams.complain(
        b"E: Could not get lock /var/lib/dpkg/lock-frontend. It is held by process 2640 (unattended-upgr)
E: Unable to acquire the dpkg frontend lock (/var/lib/dpkg/lock-frontend), is another process using it?
",
    );
    100
}
