//! How fast programs may ask: each token for itself, so that one that runs wild does not slow the others.

use std::num::NonZeroU32;

use governor::{
    DefaultKeyedRateLimiter, Quota,
    clock::{Clock, DefaultClock},
};
use skep_model::{Refusal, ids::TokenId};

/// Requests per second that a token may make on and on.
const SUSTAINED: NonZeroU32 = NonZeroU32::new(100).unwrap();
/// Requests that it may make at once, after it was quiet.
const BURST: NonZeroU32 = NonZeroU32::new(1000).unwrap();

/// What each token has left, in memory.
pub(crate) struct RequestRate(DefaultKeyedRateLimiter<TokenId>);

impl Default for RequestRate {
    fn default() -> Self {
        let quota = Quota::per_second(SUSTAINED).allow_burst(BURST);
        Self(DefaultKeyedRateLimiter::keyed(quota))
    }
}

impl RequestRate {
    /// Counts a request, or says how long the token has to wait.
    pub(crate) fn take(&self, token: TokenId) -> Result<(), Refusal> {
        self.0
            .check_key(&token)
            .map_err(|early| Refusal::wait(early.wait_time_from(DefaultClock::default().now())))
    }

    /// Forgets tokens that have all their requests left.
    pub(crate) fn forget(&self) {
        self.0.retain_recent();
    }
}
