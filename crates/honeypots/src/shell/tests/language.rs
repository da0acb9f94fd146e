//! The shell's language.

use super::{says, shell};
use crate::shell::Shell;

#[test]
fn compound_commands_run_as_often_as_they_say() {
    let mut shell = shell("root");
    for (line, answer) in [
        ("for i in a b c; do echo $i; done", "a\nb\nc\n"),
        (
            "for i in {1..3}; do printf '%02d ' $i; done; echo",
            "01 02 03 \n",
        ),
        (
            "i=0; while [ $i -lt 3 ]; do echo $i; i=$((i+1)); done",
            "0\n1\n2\n",
        ),
        ("until false; do echo x; break; done", "x\n"),
        (
            "for i in 1 2 3; do if [ $i = 2 ]; then continue; fi; echo $i; done",
            "1\n3\n",
        ),
        (
            "for i in 1 2; do for j in 1 2; do break 2; done; echo no; done; echo out",
            "out\n",
        ),
        (
            "if false; then echo a; elif true; then echo b; else echo c; fi",
            "b\n",
        ),
        (
            "case $(uname -m) in x86_64|amd64) echo 64;; *) echo other;; esac",
            "64\n",
        ),
        (
            "case abc in a*) echo yes;; esac; case x in [a-c]) echo no; esac; echo $?",
            "yes\n0\n",
        ),
        (
            "f() { echo \"$1-$2 $#\"; return 3; }; f a 'b c'; echo $?",
            "a-b c 2\n3\n",
        ),
        ("(cd /tmp; X=1; exit 4); echo $? $PWD [$X]", "4 /root []\n"),
        ("{ echo a; echo b; } | wc -l", "2\n"),
        (
            "{ echo a; echo b >&2; } 2>/dev/null > /tmp/o; cat /tmp/o",
            "a\n",
        ),
        ("! true; echo $?", "1\n"),
        ("X=1 env | grep ^X=; echo [$X]", "X=1\n[]\n"),
        (
            "printf '1 a\\n2 b\\n' | while read n w; do echo $w$n; done",
            "a1\nb2\n",
        ),
        (
            "while read a b; do echo $b; done <<E\n1 one\n2 two words\nE",
            "one\ntwo words\n",
        ),
        ("set -- x y z; shift; echo $1 $# \"$@\"", "y 2 y z\n"),
        ("eval 'X=5'; echo $X", "5\n"),
        (
            "if true; then",
            "-bash: syntax error: unexpected end of file\n",
        ),
        (
            "echo a; fi",
            "-bash: syntax error near unexpected token `fi'\n",
        ),
        ("true &", ""),
        ("sleep 0 & echo $!", "2904\n"),
    ] {
        assert_eq!(says(&mut shell, line), answer, "{line}");
    }
}

#[test]
fn words_expand_as_in_a_shell() {
    let mut shell = shell("root");
    for (line, answer) in [
        (
            "X=hello.tar.gz; echo ${X%.*} ${X%%.*} ${X#*.} ${X##*.} ${#X}",
            "hello.tar hello tar.gz gz 12\n",
        ),
        (
            "echo ${NO:-default} ${NO:+x} ${HOME:+y} ${HOME:0:3}",
            "default y /ro\n",
        ),
        ("echo ${A:=${B:-deep}} $A", "deep deep\n"),
        (
            "echo $((2+3*4)) $(( (2+3)*4 )) $((7/2)) $((7%4)) $((1<2)) $((-3))",
            "14 20 3 3 1 -3\n",
        ),
        ("i=5; let i+=2; echo $i; i=$((i*2)); echo $i", "7\n14\n"),
        (
            "cd /etc; echo host* '*' \"*\" no*such",
            "hostname hosts * * no*such\n",
        ),
        ("echo /etc/ss?/*_config", "/etc/ssh/sshd_config\n"),
        ("touch /tmp/a.sh /tmp/b.sh; rm -f /tmp/*.sh; ls /tmp", ""),
        ("echo a{b,c}d {1..3}", "abd acd 1 2 3\n"),
        ("echo $'\\x41\\n' \"$(printf 'a\\nb')\"", "A\n a\nb\n"),
        ("echo \"a\\$HOME\" 'b'\"c\"d\\ e", "a$HOME bcd e\n"),
        ("cat <<'E'\n$HOME `id`\nE", "$HOME `id`\n"),
        (
            "cat <<-E | tr a-z A-Z\n\thi $USER\n\tE\necho done",
            "HI ROOT\ndone\n",
        ),
        ("cat <<A; cat <<B\n1\nA\n2\nB", "1\n2\n"),
        ("cat <<< \"a b\"", "a b\n"),
        ("echo a \\\nb", "a b\n"),
    ] {
        assert_eq!(says(&mut shell, line), answer, "{line}");
    }
}

#[test]
fn a_script_has_its_own_name_and_arguments() {
    let mut shell = shell("root");
    let script = "cat > /tmp/s <<'E'\n#!/bin/sh\necho $0 $1 $#\nnosuch\nexit 3\nE";
    assert_eq!(says(&mut shell, script), "");
    assert_eq!(
        says(&mut shell, "sh /tmp/s a b; echo $?"),
        "/tmp/s a 2\n/tmp/s: line 1: nosuch: command not found\n3\n"
    );
    assert_eq!(says(&mut shell, "bash -c 'echo $0 $1' x y"), "x y\n");
    assert_eq!(says(&mut shell, "echo 'echo piped' | sh"), "piped\n");
}

#[test]
fn what_has_no_end_waits_for_more() {
    for line in [
        "echo 'a",
        "echo \"a",
        "if true; then",
        "for i in 1; do",
        "cat <<E",
        "cat <<E\nx",
        "a &&",
        "a |",
        "$(echo",
        "f() {",
        "case x in",
        "echo a \\",
        "{ a;",
    ] {
        assert!(Shell::is_unfinished(line.as_bytes()), "{line}");
    }
    for line in [
        "echo a",
        "cat <<E\nx\nE",
        "| a",
        "a; fi",
        "echo \\\\",
        "",
        "if true; then a; fi",
    ] {
        assert!(!Shell::is_unfinished(line.as_bytes()), "{line}");
    }
}
