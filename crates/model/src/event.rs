//! What an event is said to be.

use std::{borrow::Borrow, fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// A word that is not one of the values it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownWord {
    /// What was expected, in words.
    pub expected: &'static str,
}

impl fmt::Display for UnknownWord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "expected one of: {}", self.expected)
    }
}

impl std::error::Error for UnknownWord {}

/// Makes an enumeration whose values have a word (JSON, addresses, API) and a number (database).
macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $number:literal $word:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
        pub enum $name {
            $($(#[$vdoc])* #[serde(rename = $word)] $variant = $number),+
        }

        impl $name {
            /// All values, in order.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The word for JSON, addresses and the API.
            #[must_use]
            pub fn word(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }

            /// The number that the database keeps.
            #[must_use]
            pub fn number(self) -> i64 {
                self as i64
            }

            /// The value of a number from the database.
            #[must_use]
            pub fn from_number(number: i64) -> Option<Self> {
                Self::ALL.iter().copied().find(|value| value.number() == number)
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::event::UnknownWord;

            fn from_str(word: &str) -> Result<Self, Self::Err> {
                Self::ALL.iter().copied().find(|value| value.word() == word)
                    .ok_or($crate::event::UnknownWord { expected: concat!($($word, " "),+).trim_ascii_end() })
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.word())
            }
        }
    };
}
pub(crate) use words;

words! {
    /// What kind of touch it was. The numbers are those of HoneySens.
    Classification {
        /// Nothing is known.
        Unknown = 0 "unknown",
        /// An ICMP message.
        Icmp = 1 "icmp",
        /// A connection that nothing was said over.
        Connection = 2 "connection",
        /// Somebody talked to a honeypot.
        Honeypot = 3 "honeypot",
        /// One source tried many ports.
        Scan = 4 "scan",
    }
}

words! {
    /// How much an event matters, from what was done in it.
    Severity {
        /// Nothing came of it.
        Info = 0 "info",
        /// A touch.
        Low = 1 "low",
        /// Somebody tried something.
        Medium = 2 "medium",
        /// Somebody insists, or got in.
        High = 3 "high",
        /// Somebody got in and went to work.
        Critical = 4 "critical",
    }
}

words! {
    /// How far the work on an event is. The numbers are those of HoneySens.
    Status {
        /// Nobody has looked yet.
        New = 0 "new",
        /// Somebody is on it.
        InProgress = 1 "in_progress",
        /// Dealt with.
        Resolved = 2 "resolved",
        /// Of no interest.
        Ignored = 3 "ignored",
    }
}

words! {
    /// The protocol below the honeypot's. The numbers are those of HoneySens.
    Transport {
        /// None, or not known.
        Other = 0 "other",
        /// TCP.
        Tcp = 1 "tcp",
        /// UDP.
        Udp = 2 "udp",
    }
}

/// The name of a service: lower-case letters, digits and hyphens, at most 64, the first a letter.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(
    feature = "schema",
    derive(schemars::JsonSchema),
    schemars(extend("pattern" = "^[a-z][a-z0-9-]{0,63}$"))
)]
#[serde(try_from = "String", into = "String")]
pub struct ServiceName(String);

impl ServiceName {
    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Borrow<str> for ServiceName {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl FromStr for ServiceName {
    type Err = UnknownWord;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        let fits = name.len() <= 64
            && name.starts_with(|c: char| c.is_ascii_lowercase())
            && name
                .chars()
                .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-');
        if fits {
            Ok(Self(name.to_owned()))
        } else {
            Err(UnknownWord {
                expected: "a service name of lower-case letters, digits and hyphens",
            })
        }
    }
}

impl TryFrom<String> for ServiceName {
    type Error = UnknownWord;

    fn try_from(name: String) -> Result<Self, Self::Error> {
        name.parse()
    }
}

impl From<ServiceName> for String {
    fn from(name: ServiceName) -> Self {
        name.0
    }
}

impl fmt::Display for ServiceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
