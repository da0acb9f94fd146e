//! The files that an imitated machine has before anybody touches it.

use skep_model::{Timestamp, time::DAY};

use super::{
    commands,
    filesystem::{Kind, Node, Tree},
    personality::Personality,
    proc,
};

const DIRECTORIES: &[(&str, u32)] = &[
    ("/", 0o755),
    ("/boot", 0o755),
    ("/dev", 0o755),
    ("/dev/shm", 0o1777),
    ("/etc", 0o755),
    ("/etc/cron.d", 0o755),
    ("/etc/init.d", 0o755),
    ("/etc/ssh", 0o755),
    ("/etc/systemd", 0o755),
    ("/home", 0o755),
    ("/lost+found", 0o700),
    ("/media", 0o755),
    ("/mnt", 0o755),
    ("/opt", 0o755),
    ("/proc", 0o555),
    ("/proc/self", 0o555),
    ("/proc/net", 0o555),
    ("/proc/1", 0o555),
    ("/root", 0o700),
    ("/root/.ssh", 0o700),
    ("/run", 0o755),
    ("/srv", 0o755),
    ("/srv/ftp", 0o777),
    ("/srv/ftp/backup", 0o755),
    ("/srv/ftp/pub", 0o755),
    ("/srv/ftp/upload", 0o777),
    ("/sys", 0o555),
    ("/tmp", 0o1777),
    ("/usr", 0o755),
    ("/usr/bin", 0o755),
    ("/usr/lib", 0o755),
    ("/usr/local", 0o755),
    ("/usr/local/bin", 0o755),
    ("/usr/sbin", 0o755),
    ("/usr/share", 0o755),
    ("/var", 0o755),
    ("/var/backups", 0o755),
    ("/var/cache", 0o755),
    ("/var/lib", 0o755),
    ("/var/log", 0o755),
    ("/var/mail", 0o755),
    ("/var/run", 0o755),
    ("/var/spool", 0o755),
    ("/var/spool/cron", 0o755),
    ("/var/spool/cron/crontabs", 0o1730),
    ("/var/tmp", 0o1777),
    ("/var/www", 0o755),
    ("/var/www/html", 0o755),
];

const LINKS: &[(&str, &str)] = &[
    ("/bin", "usr/bin"),
    ("/sbin", "usr/sbin"),
    ("/lib", "usr/lib"),
    ("/etc/os-release", "../usr/lib/os-release"),
];

const DEVICES: &[(&str, u32)] = &[
    ("/dev/null", 0o666),
    ("/dev/zero", 0o666),
    ("/dev/random", 0o666),
    ("/dev/urandom", 0o666),
    ("/dev/tty", 0o666),
];

const FILES: &[(&str, u32, &str)] = &[
    (
        "/etc/passwd",
        0o644,
        "root:x:0:0:root:/root:/bin/bash
daemon:x:1:1:daemon:/usr/sbin:/usr/sbin/nologin
bin:x:2:2:bin:/bin:/usr/sbin/nologin
sys:x:3:3:sys:/dev:/usr/sbin/nologin
sync:x:4:65534:sync:/bin:/bin/sync
games:x:5:60:games:/usr/games:/usr/sbin/nologin
man:x:6:12:man:/var/cache/man:/usr/sbin/nologin
mail:x:8:8:mail:/var/mail:/usr/sbin/nologin
www-data:x:33:33:www-data:/var/www:/usr/sbin/nologin
backup:x:34:34:backup:/var/backups:/usr/sbin/nologin
nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin
systemd-network:x:100:102:systemd Network Management,,,:/run/systemd:/usr/sbin/nologin
systemd-resolve:x:101:103:systemd Resolver,,,:/run/systemd:/usr/sbin/nologin
messagebus:x:102:105::/nonexistent:/usr/sbin/nologin
syslog:x:104:111::/home/syslog:/usr/sbin/nologin
sshd:x:106:65534::/run/sshd:/usr/sbin/nologin
ftp:x:112:118:ftp daemon,,,:/srv/ftp:/usr/sbin/nologin
",
    ),
    (
        "/etc/shadow",
        0o640,
        "root:$6$Qk3vZ1sX$8yq0Vd2Hn4mJx7rT5bWcKfLgPzEaUoRiSjNtMhBvXwYeCuDpGsIkOlQnFrZyAbTxVdJmHc1EwUoPi9RgNs3/:19842:0:99999:7:::
daemon:*:19769:0:99999:7:::
bin:*:19769:0:99999:7:::
sys:*:19769:0:99999:7:::
www-data:*:19769:0:99999:7:::
nobody:*:19769:0:99999:7:::
sshd:*:19769:0:99999:7:::
",
    ),
    ("/etc/group", 0o644, "root:x:0:\ndaemon:x:1:\nadm:x:4:syslog\ntty:x:5:\ndisk:x:6:\nsudo:x:27:\nwww-data:x:33:\nnogroup:x:65534:\n"),
    ("/etc/resolv.conf", 0o644, "nameserver 127.0.0.53\noptions edns0 trust-ad\nsearch .\n"),
    ("/etc/shells", 0o644, "# /etc/shells: valid login shells\n/bin/sh\n/bin/bash\n/usr/bin/bash\n/bin/dash\n"),
    (
        "/etc/crontab",
        0o644,
        "SHELL=/bin/sh
PATH=/usr/local/sbin:/usr/local/bin:/sbin:/bin:/usr/sbin:/usr/bin

17 *\t* * *\troot    cd / && run-parts --report /etc/cron.hourly
25 6\t* * *\troot\ttest -x /usr/sbin/anacron || ( cd / && run-parts --report /etc/cron.daily )
",
    ),
    (
        "/etc/ssh/sshd_config",
        0o644,
        "Include /etc/ssh/sshd_config.d/*.conf
PermitRootLogin yes
KbdInteractiveAuthentication yes
UsePAM yes
X11Forwarding yes
PrintMotd no
AcceptEnv LANG LC_*
Subsystem\tsftp\t/usr/lib/openssh/sftp-server
",
    ),
    (
        "/root/.bashrc",
        0o644,
        "# ~/.bashrc: executed by bash(1) for non-login shells.\n[ -z \"$PS1\" ] && return\nHISTCONTROL=ignoredups:ignorespace\nshopt -s histappend\n",
    ),
    ("/root/.profile", 0o644, "if [ \"$BASH\" ]; then\n  if [ -f ~/.bashrc ]; then\n    . ~/.bashrc\n  fi\nfi\n\nmesg n 2> /dev/null || true\n"),
    (
        "/root/.bash_history",
        0o600,
        "apt update && apt upgrade -y
df -h
systemctl status cron
crontab -e
tail -f /var/log/syslog
cd /var/backups/
ls -la
free -m
apt autoremove
reboot
",
    ),
    (
        "/srv/ftp/pub/README.txt",
        0o644,
        "pub/     public documents, read only\nupload/  put files for the office here; emptied every Sunday night\n",
    ),
    (
        "/srv/ftp/backup/wp-config.php.bak",
        0o644,
        "<?php
define( 'DB_NAME', 'wordpress' );
define( 'DB_USER', 'wp' );
define( 'DB_PASSWORD', 'Sommer2019!' );
define( 'DB_HOST', 'localhost' );
define( 'DB_CHARSET', 'utf8mb4' );
$table_prefix = 'wp_';
require_once ABSPATH . 'wp-settings.php';
",
    ),
    ("/var/www/html/index.html", 0o644, "<html><body><h1>It works!</h1></body></html>\n"),
    ("/var/log/wtmp", 0o664, ""),
    ("/var/log/btmp", 0o660, ""),
    ("/proc/filesystems", 0o444, "nodev\tsysfs\nnodev\ttmpfs\nnodev\tproc\nnodev\tdevtmpfs\n\text3\n\text2\n\text4\n\tsquashfs\n\tvfat\n"),
    ("/proc/loadavg", 0o444, "0.08 0.03 0.01 1/142 2817\n"),
];

/// All files of a machine.
pub(super) fn build(
    personality: &Personality,
    hostname: &str,
    address: &str,
    mac: &str,
    booted: Timestamp,
) -> Tree {
    let installed = Timestamp(booted.0 - 40 * DAY);
    let mut tree = Tree::new();
    let mut add = |path: &str, kind: Kind, mode: u32, modified: Timestamp| {
        let node = Node {
            kind,
            mode,
            owner: 0,
            modified,
        };
        tree.insert(path.into(), node);
    };
    for &(path, mode) in DIRECTORIES {
        add(path, Kind::Directory, mode, installed);
    }
    for &(path, target) in LINKS {
        add(path, Kind::Link(target.as_bytes().into()), 0o777, installed);
    }
    for &(path, mode) in DEVICES {
        add(path, Kind::Device, mode, booted);
    }
    let partition = personality.disk;
    let disk = partition.trim_end_matches(|c: char| c.is_ascii_digit());
    for name in [disk, partition] {
        add(&format!("/dev/{name}"), Kind::Device, 0o660, booted);
    }
    for &(path, mode, text) in FILES.iter().chain(personality.files) {
        add(path, Kind::File(text.as_bytes().into()), mode, installed);
    }
    let hosts = format!(
        "127.0.0.1 localhost\n127.0.1.1 {hostname}\n\n::1     ip6-localhost ip6-loopback\nff02::1 ip6-allnodes\n"
    );
    let own = [
        ("/etc/hostname", 0o644, format!("{hostname}\n")),
        ("/etc/hosts", 0o644, hosts),
        (
            "/var/log/auth.log",
            0o640,
            format!(
                "{hostname} sshd[731]: Server listening on 0.0.0.0 port 22.\n{hostname} sshd[731]: Server listening on :: port 22.\n"
            ),
        ),
        (
            "/var/log/syslog",
            0o640,
            format!(
                "{hostname} systemd[1]: Started Daily apt download activities.\n{hostname} CRON[2744]: (root) CMD (   cd / && run-parts --report /etc/cron.hourly)\n"
            ),
        ),
    ];
    let read_only = proc::files(personality, address, mac, booted)
        .into_iter()
        .map(|(path, text)| (path, 0o444, text));
    for (path, mode, text) in own.into_iter().chain(read_only) {
        add(path, Kind::File(text.into_bytes().into()), mode, booted);
    }
    for name in commands::programs().filter(|name| personality.has(name.as_bytes())) {
        let kind = if personality.is_busybox() && name != "busybox" {
            Kind::Link(b"/usr/bin/busybox".as_slice().into())
        } else {
            Kind::File(personality.elf.into())
        };
        let folder = commands::folder(name);
        add(&format!("{folder}/{name}"), kind, 0o755, installed);
    }
    tree
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_lies_in_a_directory() {
        for name in ["ubuntu", "debian", "centos", "busybox-router"] {
            let personality = Personality::find(name);
            let tree = build(
                personality,
                "web-01",
                "10.0.0.7",
                "52:54:00:1:2:3",
                Timestamp(0),
            );
            for path in tree.keys().filter(|path| path.as_slice() != b"/") {
                let slash = path.iter().rposition(|b| *b == b'/').unwrap_or(0).max(1);
                let parent = tree.get(&path[..slash]);
                assert!(
                    parent.is_some_and(Node::is_directory),
                    "{}",
                    String::from_utf8_lossy(path)
                );
            }
        }
    }
}
