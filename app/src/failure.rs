//! Why a server function did not deliver, as the browser learns it.

use leptos::server_fn::{
    codec::JsonEncoding,
    error::{FromServerFnError, ServerFnErrorErr},
};
use serde::{Deserialize, Serialize};
use skep_model::Refusal;

/// What went wrong between a page and the server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Failure {
    /// The server said no.
    Refused(Refusal),
    /// The server did not answer.
    Unreachable,
    /// The answer or the question made no sense: page and server are of different versions, say.
    Misunderstood,
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl FromServerFnError for Failure {
    type Encoder = JsonEncoding;

    fn from_server_fn_error(error: ServerFnErrorErr) -> Self {
        match error {
            ServerFnErrorErr::Request(_) => Self::Unreachable,
            _ => Self::Misunderstood,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn has_the_json_that_the_access_layer_sends() {
        let body = Failure::Refused(Refusal::NotLoggedIn).ser();
        assert_eq!(&body[..], br#"{"refused":{"refusal":"not_logged_in"}}"#);
    }
}
