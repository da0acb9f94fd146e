//! Services, jobs and packages.

use super::Call;
use crate::shell::{Shell, filesystem::Refusal};

/// `crontab -l`, `crontab -r`, `crontab file` and `crontab -`.
pub(super) fn crontab(shell: &mut Shell, call: &mut Call<'_>) -> u8 {
    let path = format!("/var/spool/cron/crontabs/{}", shell.user).into_bytes();
    let none = format!("no crontab for {}\n", shell.user);
    if call.has(b'l') {
        if shell.files.get(&path).is_none() {
            call.streams.complain(none.as_bytes());
            return 1;
        }
        let jobs = shell.files.read(&path).unwrap_or_default().to_vec();
        call.print(jobs);
        return 0;
    }
    if call.has(b'r') {
        if shell.files.remove(&path, false).is_err() {
            call.streams.complain(none.as_bytes());
            return 1;
        }
        return 0;
    }
    let jobs = match call.operands().first().copied() {
        None if call.has(b'e') => return 0,
        None | Some(b"-") => call.input.rest().to_vec(),
        Some(name) => {
            let from = shell.files.resolve(&shell.directory, name);
            match shell.files.read(&from) {
                Ok(jobs) => jobs.to_vec(),
                Err(refusal) => {
                    call.streams
                        .complain(&[name, format!(": {refusal}\n").as_bytes()].concat());
                    return 1;
                }
            }
        }
    };
    match shell.files.write(&path, &jobs, false, Shell::now()) {
        // A user's own jobs are written for it by a program that may.
        Ok(()) | Err(Refusal::Denied) => 0,
        Err(refusal) => {
            call.complain(refusal.to_string());
            1
        }
    }
}

const UNITS: [(&str, &str); 4] = [
    ("cron", "Regular background program processing daemon"),
    ("rsyslog", "System Logging Service"),
    ("ssh", "OpenBSD Secure Shell server"),
    ("systemd-resolved", "Network Name Resolution"),
];

/// `systemctl verb unit` and `service unit verb`.
pub(super) fn systemctl(shell: &mut Shell, call: &mut Call<'_>) -> u8 {
    let mut words = call.operands().into_iter();
    let (mut verb, mut unit) = (
        words.next().unwrap_or_default(),
        words.next().unwrap_or_default(),
    );
    if call.name == b"service" {
        std::mem::swap(&mut verb, &mut unit);
    }
    let unit = unit.strip_suffix(b".service").unwrap_or(unit);
    let known = UNITS
        .iter()
        .find(|(name, _)| name.as_bytes() == unit || unit == b"sshd" && *name == "ssh");
    let name = String::from_utf8_lossy(unit).into_owned();
    match (verb, known) {
        (b"" | b"list-units", _) => {
            call.print("  UNIT                     LOAD   ACTIVE SUB     DESCRIPTION\n");
            for (name, text) in UNITS {
                call.print(format!(
                    "  {:<24} loaded active running {text}\n",
                    format!("{name}.service")
                ));
            }
            0
        }
        (b"daemon-reload" | b"reset-failed", _) => 0,
        (b"is-active" | b"is-enabled", Some(_)) => {
            call.print(if verb == b"is-active" {
                "active\n"
            } else {
                "enabled\n"
            });
            0
        }
        (b"is-active", None) => {
            call.print("inactive\n");
            3
        }
        (b"status", Some((name, text))) => {
            call.print(format!(
                "* {name}.service - {text}\n     Loaded: loaded (/lib/systemd/system/{name}.service; enabled; vendor preset: enabled)\n     Active: active (running)\n   Main PID: 731\n      Tasks: 1\n"
            ));
            0
        }
        (b"status", None) => {
            call.streams
                .complain(format!("Unit {name}.service could not be found.\n").as_bytes());
            4
        }
        (_, Some(_)) if shell.uid == 0 => 0,
        (_, Some(_)) => {
            call.streams
                .complain(b"Failed to execute operation: Interactive authentication required.\n");
            1
        }
        (b"enable" | b"disable", None) => {
            call.streams.complain(
                format!(
                    "Failed to {} unit: Unit file {name}.service does not exist.\n",
                    String::from_utf8_lossy(verb)
                )
                .as_bytes(),
            );
            1
        }
        (_, None) => {
            call.streams.complain(
                format!(
                    "Failed to {} {name}.service: Unit {name}.service not loaded.\n",
                    String::from_utf8_lossy(verb)
                )
                .as_bytes(),
            );
            5
        }
    }
}

pub(super) fn apt(shell: &mut Shell, call: &mut Call<'_>) -> u8 {
    if shell.uid != 0 {
        call.streams.complain(b"E: Could not open lock file /var/lib/dpkg/lock-frontend - open (13: Permission denied)\nE: Unable to acquire the dpkg frontend lock (/var/lib/dpkg/lock-frontend), are you root?\n");
        return 100;
    }
    call.streams.complain(
        b"E: Could not get lock /var/lib/dpkg/lock-frontend. It is held by process 2640 (unattended-upgr)
E: Unable to acquire the dpkg frontend lock (/var/lib/dpkg/lock-frontend), is another process using it?
",
    );
    100
}

pub(super) fn yum(_: &mut Shell, call: &mut Call<'_>) -> u8 {
    call.print("Loaded plugins: fastestmirror\n");
    call.streams.complain(
        b"Existing lock /var/run/yum.pid: another copy is running as pid 2640.
Another app is currently holding the yum lock; exiting as configured by exit_on_lock
",
    );
    1
}
