//! One file per page.

mod api;
mod audit;
mod dashboard;
mod event;
mod events;
mod later;
mod login;
mod matrix;
mod notice;
mod profile;
mod quarantine;
mod sensor;
mod sensors;
mod services;
mod setup;
mod system;
mod tokens;
mod users;

pub use dashboard::Dashboard;
pub use later::{Attacks, Rare, Sensing, load_part};
pub use login::LogIn;
pub use notice::{NotFound, Notice};
pub use services::Upload;

use api::Api;
use audit::Audit;
use event::Event;
use events::Events;
use matrix::Matrix;
use profile::{Password, Profile};
use quarantine::Quarantine;
use sensor::Sensor;
use sensors::Sensors;
use services::Services;
use setup::SetUp;
use system::System;
use tokens::Tokens;
use users::Users;

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
