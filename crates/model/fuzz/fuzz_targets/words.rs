//! What stands in addresses of the console and the API: whatever can be read is written so that it reads the same.
#![no_main]
#![allow(clippy::expect_used, reason = "a broken rule is a panic")]

use std::{
    fmt::{Debug, Display},
    str::FromStr,
};

use libfuzzer_sys::fuzz_target;
use skep_model::{
    Address, Classification, Severity, Status,
    console::{Cursor, EventQuery},
    event::ServiceName,
    ids::EventId,
    refusal::Refusal,
};

fuzz_target!(|text: &str| {
    same::<Address>(text);
    same::<Cursor>(text);
    same::<ServiceName>(text);
    same::<EventId>(text);
    same::<Classification>(text);
    same::<Severity>(text);
    same::<Status>(text);
    if let Ok(address) = text.parse::<Address>() {
        assert_eq!(Address::from_slice(&address.to_bytes()), Some(address));
    }
    if let Ok(query) = serde_json::from_str::<EventQuery>(text) {
        let json = serde_json::to_string(&query).expect("a query is written");
        assert_eq!(serde_json::from_str::<EventQuery>(&json).ok(), Some(query));
    }
    if let Ok(refusal) = serde_json::from_str::<Refusal>(text) {
        let json = serde_json::to_string(&refusal).expect("a refusal is written");
        assert_eq!(serde_json::from_str::<Refusal>(&json).ok(), Some(refusal));
    }
});

fn same<T: FromStr + Display + Debug + PartialEq>(text: &str) {
    if let Ok(value) = text.parse::<T>() {
        let written = value.to_string();
        assert!(!written.contains(char::is_control));
        assert_eq!(written.parse::<T>().ok(), Some(value));
    }
}
