//! One file per page.

mod audit;
mod dashboard;
mod event;
mod events;
mod login;
mod not_found;
mod profile;
mod quarantine;
mod sensor;
mod sensors;
mod setup;
mod system;
mod tokens;
mod users;

pub use audit::Audit;
pub use dashboard::Dashboard;
pub use event::Event;
pub use events::Events;
pub use login::LogIn;
pub use not_found::NotFound;
pub use profile::{Password, Profile};
pub use quarantine::Quarantine;
pub use sensor::Sensor;
pub use sensors::Sensors;
pub use setup::SetUp;
pub use system::System;
pub use tokens::Tokens;
pub use users::Users;

use leptos::{
    prelude::*,
    server_fn::{ServerFn, error::ServerFnUrlError},
};
use leptos_router::hooks::use_query_map;

use crate::failure::Failure;

/// Why the last try of a form failed. A browser without scripts was sent back here with the reason in the
/// address.
fn form_failure<F>(action: ServerAction<F>) -> Memo<Option<Failure>>
where
    F: ServerFn<Error = Failure> + Clone + Send + Sync + 'static,
    F::Output: Clone + PartialEq + Send + Sync + 'static,
{
    let address = use_query_map();
    Memo::new(move |_| match action.value().get() {
        Some(result) => result.err(),
        None => address.with(|address| {
            let error = address
                .get("__err")
                .filter(|_| address.get("__path").as_deref() == Some(F::PATH))?;
            Some(ServerFnUrlError::<Failure>::decode_err(&error))
        }),
    })
}
