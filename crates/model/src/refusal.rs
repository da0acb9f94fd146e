//! Why the server did not do what it was asked to: the one answer that pages, server functions and the API share.

use std::{fmt, time::Duration};

use serde::{Deserialize, Serialize};

/// Why a request was not carried out. It says enough to act on, and nothing about the server's insides.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "refusal", rename_all = "snake_case")]
pub enum Refusal {
    /// Nobody is logged in, or the session ended.
    NotLoggedIn,
    /// The role does not allow it.
    Forbidden,
    /// There is no such thing, or it belongs to a group that the asker does not see.
    NotFound,
    /// Too many tries or requests: come back later.
    Wait {
        /// How long, in seconds.
        seconds: u32,
    },
    /// The server has too much to do at the moment.
    Busy,
    /// A value does not fit.
    Invalid {
        /// The field's name, as in the argument's type.
        field: String,
        /// What is wrong with it.
        complaint: Complaint,
    },
    /// What was uploaded cannot be taken.
    Upload {
        /// Why, one sentence. What it quotes of the upload is escaped.
        reason: String,
    },
    /// More than is taken at once.
    TooLarge {
        /// At most so many bytes.
        max: u64,
    },
    /// The sensor that it is about cannot be heard.
    SensorOffline,
    /// The sensor that it is about did not answer in time.
    SensorSilent,
    /// The sensor that it is about cannot do it.
    SensorFailed {
        /// Why, in its words.
        reason: String,
    },
    /// Something failed that is not the asker's fault.
    Internal {
        /// The number under which the server's log tells more.
        reference: String,
    },
}

/// What is wrong with a field's value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "complaint", rename_all = "snake_case")]
pub enum Complaint {
    /// Nothing was entered.
    Empty,
    /// Too few characters.
    TooShort {
        /// At least so many.
        min: u32,
    },
    /// Too many characters.
    TooLong {
        /// At most so many.
        max: u32,
    },
    /// Somebody else has it already.
    Taken,
    /// Not an e-mail address.
    NotAnAddress,
    /// Two entries that should be the same differ.
    DoNotMatch,
    /// Not what it should be: the wrong password, say.
    Wrong,
    /// Too easily guessed.
    TooWeak,
    /// There is no such thing to choose.
    Unknown,
    /// Holds characters that it may not.
    BadCharacters,
    /// Outside of its bounds.
    Between {
        /// The least.
        min: u32,
        /// The most.
        max: u32,
    },
    /// Not an address of the form `https://host:port`.
    NotAUrl,
    /// The same as before.
    Same,
    /// Nobody could administer the server any more.
    LastAdmin,
    /// Somebody else changed it meanwhile.
    Changed,
    /// Two services cannot have the same port.
    PortTwice,
    /// Too many of them.
    TooMany {
        /// At most so many.
        max: u32,
    },
    /// A sensor's processor is one that the service has no image for.
    NoImage,
    /// An image's ports are as many as it has, in its order.
    OtherPorts,
    /// Sensors run it.
    InUse,
    /// It asks for rights that no admin has allowed it.
    NotAllowed,
}

impl Refusal {
    /// The HTTP status that says the same.
    #[must_use]
    pub fn status(&self) -> u16 {
        match self {
            Self::NotLoggedIn => 401,
            Self::Forbidden => 403,
            Self::NotFound => 404,
            Self::Wait { .. } | Self::Busy => 429,
            Self::TooLarge { .. } => 413,
            Self::Invalid { .. } | Self::Upload { .. } => 422,
            Self::SensorOffline | Self::SensorFailed { .. } => 409,
            Self::SensorSilent => 504,
            Self::Internal { .. } => 500,
        }
    }

    /// Come back when this span is over.
    #[must_use]
    pub fn wait(span: Duration) -> Self {
        Self::Wait {
            seconds: u32::try_from(span.as_secs() + 1).unwrap_or(u32::MAX),
        }
    }

    /// A complaint about one field.
    #[must_use]
    pub fn invalid(field: &str, complaint: Complaint) -> Self {
        Self::Invalid {
            field: field.to_owned(),
            complaint,
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotLoggedIn => f.write_str("not logged in"),
            Self::Forbidden => f.write_str("not allowed"),
            Self::NotFound => f.write_str("not found"),
            Self::Wait { seconds } => write!(f, "too many tries or requests; wait {seconds} s"),
            Self::Busy => f.write_str("the server is busy"),
            Self::Invalid { field, complaint } => write!(f, "{field}: {complaint}"),
            Self::Upload { reason } => write!(f, "cannot be taken: {reason}"),
            Self::TooLarge { max } => write!(f, "more than the {max} bytes that are taken"),
            Self::SensorOffline => f.write_str("the sensor is offline"),
            Self::SensorSilent => f.write_str("the sensor does not answer; try again"),
            Self::SensorFailed { reason } => write!(f, "the sensor cannot do it: {reason}"),
            Self::Internal { reference } => write!(
                f,
                "something failed on the server; its log says more under {reference}"
            ),
        }
    }
}

impl std::error::Error for Refusal {}

impl fmt::Display for Complaint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("is empty"),
            Self::TooShort { min } => write!(f, "needs at least {min} characters"),
            Self::TooLong { max } => write!(f, "takes at most {max} characters"),
            Self::Taken => f.write_str("is taken"),
            Self::NotAnAddress => f.write_str("is not an e-mail address"),
            Self::DoNotMatch => f.write_str("differs from its repetition"),
            Self::Wrong => f.write_str("is wrong"),
            Self::TooWeak => f.write_str("is too easily guessed"),
            Self::Unknown => f.write_str("does not exist"),
            Self::BadCharacters => f.write_str("holds characters that are not allowed"),
            Self::Between { min, max } => write!(f, "must be between {min} and {max}"),
            Self::NotAUrl => f.write_str("must be of the form https://host:port"),
            Self::Same => f.write_str("is the same as before"),
            Self::Changed => f.write_str("was changed by somebody else meanwhile"),
            Self::PortTwice => f.write_str("holds a port that is there already"),
            Self::TooMany { max } => write!(f, "must be at most {max}"),
            Self::NoImage => {
                f.write_str("has no image for the processor of a sensor that would run it")
            }
            Self::OtherPorts => f.write_str(
                "must be as many as the service has, of the same protocols in the same order",
            ),
            Self::InUse => f.write_str("is in use by sensors"),
            Self::NotAllowed => {
                f.write_str("asks for rights that an admin has not allowed the service")
            }
            Self::LastAdmin => f.write_str("would leave nobody who can administer the server"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn survives_the_way_to_the_browser() {
        for refusal in [
            Refusal::NotLoggedIn,
            Refusal::Wait { seconds: 30 },
            Refusal::invalid("password", Complaint::TooShort { min: 12 }),
            Refusal::Internal {
                reference: "7f3a-0192".into(),
            },
        ] {
            let json = serde_json::to_string(&refusal).unwrap();
            assert_eq!(
                serde_json::from_str::<Refusal>(&json).unwrap(),
                refusal,
                "{json}"
            );
        }
    }
}
