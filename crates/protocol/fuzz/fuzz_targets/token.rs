//! The enrolment token: what can be read is written so that it reads the same.
#![no_main]

use libfuzzer_sys::fuzz_target;
use skep_protocol::token::EnrolmentToken;

fuzz_target!(|text: &str| {
    if let Ok(token) = text.parse::<EnrolmentToken>() {
        assert!(!token.secret.is_empty() && token.secret.len() <= 128);
        assert_eq!(token.to_string(), text.trim());
        assert_eq!(token.to_string().parse(), Ok(token));
    }
});
