//! Names of repositories, tags, and what stands where a manifest is asked for: a tag or a digest.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::{Digest, RegistryError};

/// The longest name of a repository.
pub const REPOSITORY_LENGTH: usize = 255;
/// The longest tag.
pub const TAG_LENGTH: usize = 128;

/// A repository, such as `honeysens/cowrie`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Repository(String);

/// A tag, such as `amd64-1.0`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Tag(String);

/// Which manifest of a repository.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Reference {
    /// The one that the tag stands for at present.
    Tag(Tag),
    /// This one.
    Digest(Digest),
}

impl Repository {
    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What stands behind the last slash.
    #[must_use]
    pub fn last_part(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or_default()
    }
}

impl Tag {
    /// The tag as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Whether this is one part of a name: runs of letters and digits in lower case, with one `.`, one or two `_`, or any
/// number of `-` between them.
fn is_component(text: &str) -> bool {
    let alphanumeric = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    if !text.starts_with(alphanumeric) || !text.ends_with(alphanumeric) {
        return false;
    }
    text.split(alphanumeric).all(|between| {
        matches!(between, "" | "." | "_" | "__") || between.bytes().all(|c| c == b'-')
    })
}

impl FromStr for Repository {
    type Err = RegistryError;

    fn from_str(text: &str) -> Result<Self, RegistryError> {
        if text.len() <= REPOSITORY_LENGTH && text.split('/').all(is_component) {
            Ok(Self(text.to_owned()))
        } else {
            Err(RegistryError::InvalidName)
        }
    }
}

impl FromStr for Tag {
    type Err = RegistryError;

    fn from_str(text: &str) -> Result<Self, RegistryError> {
        let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
        if text.len() <= TAG_LENGTH
            && text.starts_with(word)
            && text.chars().all(|c| word(c) || matches!(c, '.' | '-'))
        {
            Ok(Self(text.to_owned()))
        } else {
            Err(RegistryError::InvalidReference)
        }
    }
}

impl FromStr for Reference {
    type Err = RegistryError;

    fn from_str(text: &str) -> Result<Self, RegistryError> {
        if text.contains(':') {
            text.parse().map(Self::Digest)
        } else {
            text.parse().map(Self::Tag)
        }
    }
}

impl fmt::Display for Repository {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tag(tag) => tag.fmt(f),
            Self::Digest(digest) => digest.fmt(f),
        }
    }
}

impl From<Repository> for String {
    fn from(name: Repository) -> Self {
        name.0
    }
}

impl From<Tag> for String {
    fn from(tag: Tag) -> Self {
        tag.0
    }
}

impl TryFrom<String> for Repository {
    type Error = RegistryError;

    fn try_from(text: String) -> Result<Self, RegistryError> {
        text.parse()
    }
}

impl TryFrom<String> for Tag {
    type Error = RegistryError;

    fn try_from(text: String) -> Result<Self, RegistryError> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use regex::Regex;

    use super::*;

    /// The specification's own expressions.
    const NAME: &str = r"^[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*(/[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*)*$";
    const TAG: &str = r"^[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}$";

    fn check(text: &str) {
        let name = Regex::new(NAME).expect("an expression").is_match(text);
        assert_eq!(
            text.parse::<Repository>().is_ok(),
            name && text.len() <= REPOSITORY_LENGTH,
            "{text:?}"
        );
        let tag = Regex::new(TAG).expect("an expression").is_match(text);
        assert_eq!(text.parse::<Tag>().is_ok(), tag, "{text:?}");
        if let Ok(reference) = text.parse::<Reference>() {
            assert_eq!(reference.to_string(), text);
        }
    }

    #[test]
    fn lengths() {
        for length in [127, 128, 129, 254, 255, 256] {
            check(&"a".repeat(length));
        }
    }

    proptest! {
        #[test]
        fn as_the_specification_says(text in "[a-c0A/._:-]{0,12}") {
            check(&text);
        }

        #[test]
        fn whatever_comes(text: String) {
            check(&text);
        }

        #[test]
        fn good_names(text in "[a-z0-9]{1,3}((\\.|_|__|-{1,4})[a-z0-9]{1,3}){0,2}(/[a-z0-9]{1,3}((\\.|_|__|-{1,4})[a-z0-9]{1,3}){0,2}){0,2}") {
            prop_assert!(text.parse::<Repository>().is_ok());
        }
    }
}
