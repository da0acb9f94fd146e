//! The services: what sensors can run, who runs it, and the images behind it.

mod add;
mod dialogs;
mod fetches;
mod item;
mod upload;

use leptos::prelude::*;
use skep_model::{
    registry::{RegistryState, RegistryView},
    service::ServiceEntry,
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
    live::{self, Gathering},
    preferences::use_locale,
    server,
    translations::td_string,
    view::view,
    words,
};
pub use upload::Upload;

/// The page's own state, shared by its parts.
#[derive(Clone, Copy)]
struct State {
    entries: Answer<Vec<ServiceEntry>>,
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
        entries: ask(|| (), |()| server::service_entries()),
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
    let news = Gathering::new(move || state.entries.refetch());
    Effect::new(move |_| {
        live::listen(move |message| {
            if message.sensors().is_some() {
                news.note();
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
