//! The shell's language and commands: bounded output and time for whatever is typed.
#![no_main]

use std::sync::{Arc, LazyLock};

use libfuzzer_sys::fuzz_target;
use skep_honeypots::shell::{Machine, Mode, OUTPUT, PAUSE, Personality, Shell, parse};
use skep_honeypots_fuzz::choose;

static MACHINES: LazyLock<Vec<Arc<Machine>>> = LazyLock::new(|| {
    ["ubuntu", "busybox-router"]
        .map(|name| Arc::new(Machine::new(&[5; 32], "", Personality::find(name))))
        .into()
});

fuzz_target!(|input: &[u8]| {
    fastrand::seed(1);
    let (choice, script) = choose(input, 4);
    let mode = if choice / 2 == 0 {
        Mode::Login
    } else {
        Mode::Command
    };
    let mut shell = Shell::new(Arc::clone(&MACHINES[choice % 2]), "root", mode);
    // A byte that is no character ends a line, because a line feed may be part of one.
    for line in script.split(|b| *b == 0xff) {
        let parsed = parse::parse(line);
        let outcome = shell.run_with(line, b"input\nof two lines\n");
        assert!(
            outcome.output.len() <= OUTPUT,
            "{} bytes",
            outcome.output.len()
        );
        assert!(outcome.pause <= PAUSE, "{:?}", outcome.pause);
        if parsed.is_err() {
            assert_ne!(
                outcome.status,
                0,
                "{:?}",
                String::from_utf8_lossy(&outcome.output)
            );
        }
        if outcome.ended {
            break;
        }
        assert!(!shell.prompt().is_empty());
    }
});
