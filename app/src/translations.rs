//! The words of the console, compiled in from `locales/` by the build script.
//!
//! Counted words are ranges (one, other): plurals would bring ICU's rules for every language into what a
//! browser downloads, and English and German need no more than these two forms.
#![allow(
    missing_docs,
    unused,
    deprecated,
    clippy::all,
    clippy::pedantic,
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "generated from the translation files"
)]

include!(concat!(env!("OUT_DIR"), "/translations.rs"));

pub use i18n::Locale;
pub use leptos_i18n::td_string;

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    fn keys(value: &serde_json::Value, path: &str, found: &mut BTreeSet<String>) {
        match value {
            serde_json::Value::Object(map) => {
                map.iter()
                    .for_each(|(key, value)| keys(value, &format!("{path}.{key}"), found));
            }
            _ => {
                found.insert(path.to_owned());
            }
        }
    }

    #[test]
    fn every_word_is_there_in_every_language() {
        let read = |text: &str| {
            let mut found = BTreeSet::new();
            keys(&serde_json::from_str(text).unwrap(), "", &mut found);
            found
        };
        let english = read(include_str!("../../locales/en.json"));
        let german = read(include_str!("../../locales/de.json"));
        assert_eq!(english, german);
    }
}
