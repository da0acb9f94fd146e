//! The services: what sensors can run, who runs it, and the images behind it.

mod add;
mod dialogs;
mod fetches;
mod item;
mod upload;

use std::collections::BTreeMap;

use leptos::prelude::*;
use serde::{Deserialize, Serialize};
use skep_model::{
    console::LiveMessage,
    registry::{RegistryState, RegistryView},
    service::{ImageService, SensorRef, ServiceView},
    user::Role,
};

use self::{
    add::{AddArchive, AddReference},
    dialogs::{AskRemove, EditService, Subject},
    fetches::{FetchPanels, Fetches},
    item::Item,
    upload::UploadPanel,
};
use crate::{
    Me,
    answer::{Answer, ask},
    components::{Attempt, Awaited, FailureNote, Icon, Loading, Page},
    failure::Failure,
    live,
    preferences::use_locale,
    server,
    translations::td_string,
    view::view,
    words,
};
pub use upload::Upload;

/// A service, with all that is known of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Entry {
    service: ServiceView,
    /// Its images, if that is what its honeypot is.
    image: Option<ImageService>,
    /// Who runs it.
    sensors: Vec<SensorRef>,
}

/// All services, by name.
async fn fetch() -> Result<Vec<Entry>, Failure> {
    let services = server::service_views().await?;
    let images = server::image_services().await?;
    let mut users: BTreeMap<_, Vec<SensorRef>> = BTreeMap::new();
    for sensor in server::sensors().await? {
        for instance in &sensor.instances {
            let sensors = users.entry(instance.service.clone()).or_default();
            if sensors.last().is_none_or(|last| last.id != sensor.id) {
                sensors.push(SensorRef {
                    id: sensor.id,
                    name: sensor.name.clone(),
                });
            }
        }
    }
    Ok(services
        .into_iter()
        .map(|service| Entry {
            image: images
                .iter()
                .find(|image| image.name == service.name)
                .cloned(),
            sensors: users.remove(&service.name).unwrap_or_default(),
            service,
        })
        .collect())
}

/// The page's own state, shared by its parts.
#[derive(Clone, Copy)]
struct State {
    entries: Answer<Vec<Entry>>,
    registry: Answer<RegistryView>,
    add: Attempt,
    edit: Attempt,
    remove: Attempt,
    /// What a question is about.
    subject: RwSignal<Option<Subject>>,
}

impl State {
    /// Shows what is there now.
    fn refresh(self) {
        self.entries.refetch();
        self.registry.refetch();
    }
}

/// The services.
#[component]
pub fn Services() -> impl IntoView {
    let locale = use_locale();
    let state = State {
        entries: ask(|| (), |()| fetch()),
        registry: ask(|| (), |()| server::registry()),
        add: Attempt::new(),
        edit: Attempt::new(),
        remove: Attempt::new(),
        subject: RwSignal::new(None),
    };
    let upload = expect_context::<Upload>();
    Effect::new(move |_| {
        if upload.taken().is_some() {
            state.refresh();
        }
    });
    let fetches = Fetches::new();
    let add = move |subject| {
        state.subject.set(subject);
        state.add.ask();
    };
    Effect::new(move |_| {
        live::listen(move |message| {
            if matches!(message, LiveMessage::Sensors | LiveMessage::Resync) {
                state.entries.refetch();
            }
        });
    });
    let me = expect_context::<Me>().0;
    let title = td_string!(locale, field.services);
    let toolbar = move || {
        Suspend::new(async move {
            let admin = me.await.is_ok_and(|me| me.role == Role::Admin);
            admin
                .then(|| {
                    view! {
                        <div class="toolbar">
                            <button type="button" class="btn" on:click=move |_| fetches.ask.ask()>
                                <Icon name="download" />
                                {td_string!(locale, services.fetch_title)}
                            </button>
                            <button type="button" class="btn primary" on:click=move |_| add(None)>
                                <Icon name="plus" />
                                {td_string!(locale, services.add)}
                            </button>
                        </div>
                    }
                })
                .into_any()
        })
    };
    let on_their_way = move || {
        Suspend::new(async move {
            let admin = me.await.is_ok_and(|me| me.role == Role::Admin);
            admin
                .then(|| view! { <FetchPanels state fetches /> })
                .into_any()
        })
    };
    let list = move || {
        Suspend::new(async move {
            let admin = me.await.is_ok_and(|me| me.role == Role::Admin);
            match state.entries.await {
                Ok(entries) => {
                    let items = entries
                        .into_iter()
                        .map(|entry| view! { <Item entry admin state /> })
                        .collect_view();
                    view! { <ul class="panel services">{items}</ul> }
                }
                Err(failure) => view! { <FailureNote failure /> },
            }
        })
    };
    let registry = move || {
        Suspend::new(async move {
            match state.registry.await {
                Ok(registry) => view! { <Registry registry /> },
                Err(failure) => view! { <FailureNote failure /> },
            }
        })
    };
    view! {
        <Page title heading=view! { <h1>{title}</h1> }>
            <Awaited view=toolbar />
            <div class="stack">
                <Awaited view=registry />
                <UploadPanel upload again=move |()| add(Some(Subject::Refused)) />
                <Awaited view=on_their_way />
                <Awaited view=list before=Loading />
            </div>
            <AddArchive state upload />
            <AddReference fetches />
            <EditService state />
            <AskRemove state />
        </Page>
    }
}

/// Whether the registry works, in a line.
#[component]
fn Registry(registry: RegistryView) -> impl IntoView {
    let locale = use_locale();
    let (icon, word, text) = match registry.state {
        RegistryState::Online => ("running", td_string!(locale, services.online), None),
        RegistryState::Limited => (
            "warn",
            td_string!(locale, services.limited),
            Some(td_string!(locale, services.limited_text)),
        ),
        RegistryState::Offline => (
            "failed",
            td_string!(locale, services.offline),
            Some(td_string!(locale, services.offline_text)),
        ),
    };
    let sizes = (registry.state != RegistryState::Offline).then(|| {
        let (stored, free) = (
            words::size(locale, registry.stored),
            words::size(locale, registry.free),
        );
        view! { <span class="muted">{td_string!(locale, services.stored, stored = stored, free = free)}</span> }
    });
    view! {
        <p class=format!("panel registry {}", registry.state)>
            <Icon name=icon />
            <b>{word}</b>
            {text}
            {sizes}
        </p>
    }
}
