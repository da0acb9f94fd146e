//! Pages that a first visit does not need: the browser loads them when one of their part is first opened.
#![allow(
    clippy::unnecessary_wraps,
    reason = "what loads a part may fail, and the macro takes the result's type from the function"
)]

use leptos::prelude::*;
use leptos_router::{ChooseView, hooks::use_url};
use wasm_split_helpers::{SplitLoaderError, wasm_split};

use super::{
    Api, Audit, Event, Events, Matrix, Password, Profile, Quarantine, Sensor, Sensors, Services,
    SetUp, System, Tokens, Users,
};
use crate::{components::FailureNote, failure::Failure, view::view};

/// A page in the part of the attacks.
#[derive(Clone, Copy, Debug)]
pub enum Attacks {
    Events,
    Event,
}

/// A page in the part of the sensors.
#[derive(Clone, Copy, Debug)]
pub enum Sensing {
    Sensors,
    Sensor,
    Matrix,
    Services,
}

/// A page in the part of what is rarely done.
#[derive(Clone, Copy, Debug)]
pub enum Rare {
    Quarantine,
    Users,
    Tokens,
    Audit,
    System,
    Api,
    Profile,
    Password,
    SetUp,
}

#[wasm_split(attacks, fallible, preload(load_attacks))]
fn attacks(page: Attacks) -> Result<AnyView, SplitLoaderError> {
    Ok(match page {
        Attacks::Events => view! { <Events /> },
        Attacks::Event => view! { <Event /> },
    })
}

#[wasm_split(sensing, fallible, preload(load_sensing))]
fn sensing(page: Sensing) -> Result<AnyView, SplitLoaderError> {
    Ok(match page {
        Sensing::Sensors => view! { <Sensors /> },
        Sensing::Sensor => view! { <Sensor /> },
        Sensing::Matrix => view! { <Matrix /> },
        Sensing::Services => view! { <Services /> },
    })
}

#[wasm_split(rare, fallible, preload(load_rare))]
fn rare(page: Rare) -> Result<AnyView, SplitLoaderError> {
    Ok(match page {
        Rare::Quarantine => view! { <Quarantine /> },
        Rare::Users => view! { <Users /> },
        Rare::Tokens => view! { <Tokens /> },
        Rare::Audit => view! { <Audit /> },
        Rare::System => view! { <System /> },
        Rare::Api => view! { <Api /> },
        Rare::Profile => view! { <Profile /> },
        Rare::Password => view! { <Password /> },
        Rare::SetUp => view! { <SetUp /> },
    })
}

/// A page of a part that is loaded when it is first opened.
macro_rules! in_a_part {
    ($($page:ty: $show:ident, $load:ident;)*) => {$(
        impl ChooseView for $page {
            async fn choose(self) -> AnyView {
                // It is there: `preload` loaded it.
                $show(self)
                    .await
                    .unwrap_or_else(|_| view! { <FailureNote failure=Failure::Unreachable /> })
            }

            async fn preload(&self) {
                if $load().await.is_err() {
                    open_as_document().await;
                }
            }
        }
    )*};
}

in_a_part! {
    Attacks: attacks, load_attacks;
    Sensing: sensing, load_sensing;
    Rare: rare, load_rare;
}

/// Loads the part that the page of an address is in, so that the page can be taken over.
pub async fn load_part(path: &str) -> Result<(), SplitLoaderError> {
    match path.split('/').nth(1) {
        Some("" | "login") => Ok(()),
        Some("events") => load_attacks().await,
        Some("sensors" | "services") => load_sensing().await,
        _ => load_rare().await,
    }
}

/// What happens when a part cannot be loaded: the server is gone, or its parts are of another build than this
/// document. A new document of the page that was asked for shows which.
async fn open_as_document() {
    let address = use_url().with_untracked(|url| match url.search() {
        "" => url.path().to_owned(),
        search => format!("{}?{search}", url.path()),
    });
    let _ = window().location().assign(&address);
    std::future::pending::<()>().await;
}
