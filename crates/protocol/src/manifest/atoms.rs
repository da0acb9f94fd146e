//! The smallest parts of a manifest. A wrong one cannot be made.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// A word that is not what it should be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{word:?} is no {expected}")]
pub struct WrongAtom {
    word: String,
    expected: &'static str,
}

/// A text of a certain form: how it is read, written and described.
macro_rules! text {
    ($(#[$doc:meta])* $name:ident, $expected:literal, $pattern:literal, $fits:expr) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(extend("pattern" = $pattern)))]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// The text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = WrongAtom;

            fn try_from(word: String) -> Result<Self, WrongAtom> {
                let fits: fn(&str) -> bool = $fits;
                if fits(&word) {
                    Ok(Self(word))
                } else {
                    let word = word.chars().take(100).collect();
                    Err(WrongAtom { word, expected: $expected })
                }
            }
        }

        impl FromStr for $name {
            type Err = WrongAtom;

            fn from_str(word: &str) -> Result<Self, WrongAtom> {
                word.to_owned().try_into()
            }
        }

        impl From<$name> for String {
            fn from(text: $name) -> Self {
                text.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

text!(
    /// A SHA-256, as OCI writes it: `sha256:` and 64 hexadecimal digits in lower case.
    Digest,
    "digest (sha256: and 64 hexadecimal digits in lower case)",
    "^sha256:[0-9a-f]{64}$",
    |word| word.strip_prefix("sha256:").is_some_and(|hex| {
        hex.len() == 64 && hex.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
    })
);

impl Digest {
    /// The hexadecimal digits.
    #[must_use]
    pub fn hex(&self) -> &str {
        &self.0["sha256:".len()..]
    }
}

text!(
    /// The name of an environment variable.
    VariableName,
    "name of a variable (letters, digits and _, at most 64, no digit first)",
    "^[A-Za-z_][A-Za-z0-9_]{0,63}$",
    |word| word.len() <= 64
        && word.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && word.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
);

text!(
    /// A path from the root, with nothing in it to be resolved.
    AbsolutePath,
    "path from the root without . and .. in it",
    "^(/[^/]+)+$",
    |word| word.len() <= 255
        && !word.chars().any(char::is_control)
        && word.strip_prefix('/').is_some_and(|rest| {
            rest.split('/').all(|step| !matches!(step, "" | "." | ".."))
        })
);

/// A processor architecture, as Rust names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Architecture {
    /// OCI calls it `amd64`.
    X86_64,
    /// OCI calls it `arm64`.
    Aarch64,
    /// 32 bits, whatever version.
    Arm,
}

impl Architecture {
    /// The name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::X86_64 => "x86_64",
            Self::Aarch64 => "aarch64",
            Self::Arm => "arm",
        }
    }

    /// Whether its programs run on this machine.
    #[must_use]
    pub fn is_native(self) -> bool {
        self.name() == std::env::consts::ARCH
    }
}

/// The protocol of a container's port.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Protocol {
    /// TCP.
    #[default]
    Tcp,
    /// UDP.
    Udp,
}

impl Protocol {
    /// The word: `tcp` or `udp`.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Tcp => "tcp",
            Self::Udp => "udp",
        }
    }
}

impl From<Protocol> for skep_model::Transport {
    fn from(protocol: Protocol) -> Self {
        match protocol {
            Protocol::Tcp => Self::Tcp,
            Protocol::Udp => Self::Udp,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_has_one_spelling() {
        let hex = "0123456789abcdef".repeat(4);
        let digest: Digest = format!("sha256:{hex}").parse().unwrap();
        assert_eq!(digest.hex(), hex);
        for wrong in [
            hex.clone(),
            format!("sha256:{}", &hex[1..]),
            format!("sha256:{}", hex.to_uppercase()),
            format!("sha512:{hex}"),
            format!("sha256:{}\n", &hex[1..]),
        ] {
            assert!(wrong.parse::<Digest>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn variables_and_paths_carry_nothing_else() {
        for wrong in ["", "1A", "A=B", "A B", "A\0", "Ä"] {
            assert!(wrong.parse::<VariableName>().is_err(), "{wrong:?}");
        }
        assert!("COWRIE_SSH_VERSION".parse::<VariableName>().is_ok());
        for wrong in ["", "/", "log", "/a/../b", "/a//b", "/a/", "/./a", "/a\0"] {
            assert!(wrong.parse::<AbsolutePath>().is_err(), "{wrong:?}");
        }
        assert!("/var/log/cowrie.json".parse::<AbsolutePath>().is_ok());
    }

    #[test]
    fn names_are_the_words_in_json() {
        for architecture in [
            Architecture::X86_64,
            Architecture::Aarch64,
            Architecture::Arm,
        ] {
            assert_eq!(
                serde_json::to_value(architecture).unwrap(),
                architecture.name()
            );
        }
    }
}
