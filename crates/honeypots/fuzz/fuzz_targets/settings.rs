//! Settings against the schema of each honeypot: whatever is given is taken, or refused with a name and a reason.
#![no_main]

use libfuzzer_sys::fuzz_target;
use serde_json::{Map, Value};
use skep_honeypots::{built_in, settings::Settings};
use skep_honeypots_fuzz::choose;

fuzz_target!(|input: &[u8]| {
    let (choice, json) = choose(input, built_in().len());
    let Ok(given) = serde_json::from_slice::<Map<String, Value>>(json) else {
        return;
    };
    let honeypot = built_in()[choice];
    let description = honeypot.describe();
    let read = Settings::read(&description, &given);
    match honeypot.configure(&given, &[5; 32]) {
        Ok(_) => assert!(read.is_ok()),
        Err(error) => {
            let known = description
                .settings
                .iter()
                .any(|setting| setting.name == error.name);
            assert!(known || given.contains_key(&error.name), "{error}");
            assert!(!error.problem.is_empty());
        }
    }
});
