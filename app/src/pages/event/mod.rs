//! One event: what happened, and the work on it.

mod facts;
mod leave;
mod panels;
mod replay;
mod timeline;
mod work;

use leptos::{prelude::*, task::spawn_local};
use leptos_meta::Title;
use leptos_router::hooks::use_params_map;
use skep_model::{
    Bytes, Direction, Interaction, InteractionKind, Refusal,
    console::{EventDetail, EventRow, LiveMessage},
    ids::EventId,
};

use self::{
    facts::Facts,
    panels::{
        Commands, Credentials, Packets, Payloads, Terminal, Traces, is_command, is_login, is_trace,
    },
    timeline::Timeline,
    work::{Decision, Work},
};
use crate::{
    answer::ask,
    components::{
        Awaited, ClassMark, FailureNote, Icon, Loading, Page, SeverityBadge, Summary, When,
    },
    live,
    preferences::use_locale,
    server,
    translations::td_string,
    view::view,
};

/// An event as it grows.
#[derive(Clone, Copy)]
struct Growing {
    row: RwSignal<EventRow>,
    steps: RwSignal<Vec<Interaction>>,
    /// What is kept as the comment on it.
    comment: RwSignal<String>,
}

impl Growing {
    /// Takes what the live stream says of it from now on.
    fn follow(detail: EventDetail) -> Self {
        let event = Self {
            row: RwSignal::new(detail.row),
            steps: RwSignal::new(detail.interactions),
            comment: RwSignal::new(detail.comment),
        };
        Effect::new(move |_| live::listen(move |message| event.hear(message)));
        event
    }

    fn hear(self, message: &LiveMessage) {
        match message {
            LiveMessage::Opened { event } if event.id == self.id() => self.take_row(event),
            LiveMessage::Changed {
                event,
                first,
                interactions,
            } if event.id == self.id() => {
                let known = self.steps.with_untracked(Vec::len);
                match known.checked_sub(*first as usize) {
                    Some(seen) if seen <= interactions.len() => {
                        if seen < interactions.len() {
                            self.steps
                                .update(|steps| steps.extend_from_slice(&interactions[seen..]));
                        }
                    }
                    // All of it is known: an old message came again.
                    Some(_) => {}
                    None => self.reload(),
                }
                // Somebody worked on it. What was written does not travel with the list's message.
                if interactions.is_empty()
                    && event.ended_at == self.row.with_untracked(|row| row.ended_at)
                {
                    self.reload();
                }
                self.take_row(event);
            }
            LiveMessage::Resync => self.reload(),
            _ => {}
        }
    }

    fn id(self) -> EventId {
        self.row.with_untracked(|row| row.id)
    }

    fn take_row(self, event: &EventRow) {
        let newer = self.row.with_untracked(|shown| {
            shown != event && event.digest.interactions >= shown.digest.interactions
        });
        if newer {
            self.row.set(event.clone());
        }
    }

    fn reload(self) {
        let id = self.id();
        spawn_local(async move {
            if let Ok(detail) = server::event(id).await
                && !self.row.is_disposed()
            {
                self.take_row(&detail.row);
                if self
                    .comment
                    .with_untracked(|comment| *comment != detail.comment)
                {
                    self.comment.set(detail.comment);
                }
                let known = self.steps.with_untracked(Vec::len);
                if let Some(more) = detail
                    .interactions
                    .get(known..)
                    .filter(|more| !more.is_empty())
                {
                    self.steps.update(|steps| steps.extend_from_slice(more));
                }
            }
        });
    }

    /// The places of those steps that `wanted` chooses. They are the keys of lists: a step never changes.
    fn places(self, wanted: impl Fn(&InteractionKind) -> bool) -> Vec<usize> {
        self.steps.with(|steps| {
            steps
                .iter()
                .enumerate()
                .filter(|(_, step)| wanted(&step.kind))
                .map(|(place, _)| place)
                .collect()
        })
    }

    fn step(self, place: usize) -> Option<Interaction> {
        self.steps.with_untracked(|steps| steps.get(place).cloned())
    }

    fn has(self, wanted: impl Fn(&InteractionKind) -> bool) -> bool {
        self.steps
            .with(|steps| steps.iter().any(|step| wanted(&step.kind)))
    }
}

fn is_out(kind: &InteractionKind) -> bool {
    matches!(
        kind,
        InteractionKind::Data {
            direction: Direction::Out,
            ..
        }
    )
}

fn is_shell(kind: &InteractionKind) -> bool {
    matches!(kind, InteractionKind::Command { .. })
        || matches!(kind, InteractionKind::Attribute { name, .. } if name == InteractionKind::TERMINAL)
}

/// What a step carries besides its line in the timeline.
fn payload(kind: &InteractionKind) -> Option<&Bytes> {
    let bytes = match kind {
        InteractionKind::Data { bytes, .. } => bytes,
        InteractionKind::Probe { payload, .. } => payload,
        InteractionKind::Request { body, .. } => body,
        _ => return None,
    };
    (!bytes.0.is_empty()).then_some(bytes)
}

/// A list with a line for each of some steps. New steps come after the old ones, which stay as they are.
#[component]
fn Steps(
    /// The places of the steps.
    #[prop(into)]
    places: Signal<Vec<usize>>,
    /// Draws one of them.
    #[prop(into)]
    line: Callback<usize, AnyView>,
) -> impl IntoView {
    view! { <For each=move || places.get() key=|place| *place children=move |place| line.run(place) /> }
}

/// The page of one event.
#[component]
pub fn Event() -> impl IntoView {
    let locale = use_locale();
    let params = use_params_map();
    let id = Memo::new(move |_| {
        params
            .with(|params| params.get("id"))
            .and_then(|id| id.parse::<EventId>().ok())
    });
    let detail = ask(
        move || id.get(),
        |id| async move {
            match id {
                Some(id) => server::event(id).await,
                None => Err(Refusal::NotFound.into()),
            }
        },
    );
    let number = move || {
        Suspend::new(async move {
            detail
                .await
                .ok()
                .map(|detail| view! { <b aria-current="page">{detail.row.number}</b> })
                .into_any()
        })
    };
    let heading = view! {
        <nav class="crumbs" aria-label=td_string!(locale, event.crumbs)>
            <a href="/events">{td_string!(locale, nav.events)}</a>
            <Icon name="right" small=true />
            <Awaited view=number />
        </nav>
    };
    let content = move || {
        Suspend::new(async move {
            match detail.await {
                Ok(detail) => view! { <Detail detail /> },
                Err(failure) => view! {
                    <h1 class="vh">{td_string!(locale, event.title)}</h1>
                    <FailureNote failure />
                },
            }
        })
    };
    view! {
        <Page title=td_string!(locale, event.title) heading=heading>
            <Awaited view=content before=Loading />
        </Page>
    }
}

/// What it is and what it comes to.
#[component]
fn Heading(
    event: Growing,
    /// Whether it heads a part of a page and not a page.
    #[prop(optional)]
    part: bool,
) -> impl IntoView {
    let service = event.row.with_untracked(|row| row.service.to_string());
    let severity = Memo::new(move |_| event.row.with(|row| row.severity));
    let classification = Memo::new(move |_| event.row.with(|row| row.classification));
    let digest = Memo::new(move |_| event.row.with(|row| row.digest.clone()));
    let subject = move || view! { <Summary digest=digest.get() /> };
    let subject = if part {
        view! { <h2 class="subject">{subject}</h2> }
    } else {
        view! { <h1 class="subject">{subject}</h1> }
    };
    view! {
        <div class="evhead">
            <p class="badges">
                {move || view! { <SeverityBadge severity=severity.get() /> }}
                <span class="badge">{move || view! { <ClassMark classification=classification.get() /> }}</span>
                <span class="badge line">{service}</span>
            </p>
            {subject}
        </div>
    }
}

/// What was tried, typed, left and sent.
#[component]
fn Caught(event: Growing) -> impl IntoView {
    view! {
        <When holds=move || event.has(is_login)>
            <Credentials event />
        </When>
        <When holds=move || event.has(is_command)>
            <Commands event />
        </When>
        <When holds=move || event.has(is_trace)>
            <Traces event />
        </When>
        <When holds=move || !event.has(is_shell) && event.has(|kind| payload(kind).is_some())>
            <Payloads event />
        </When>
    }
}

/// The content of the page.
#[component]
fn Detail(detail: EventDetail) -> impl IntoView {
    let archived = detail.archived_at.is_some();
    let packets = detail.packets.clone();
    let event = Growing::follow(detail);
    let title = event.row.with_untracked(|row| {
        let event = td_string!(use_locale(), event.title);
        format!("{event} {} · Skep", row.number)
    });
    view! {
        <Title text=title />
        <Heading event />
        <Facts event />
        <div class="evgrid">
            <div class="stack">
                <When holds=move || event.has(is_shell) && event.has(is_out)>
                    <Terminal event />
                </When>
                <Caught event />
                <Timeline event />
                {(!packets.is_empty()).then(|| view! { <Packets packets /> })}
            </div>
            <div class="stack side">
                <Work event archived />
            </div>
        </div>
    }
}

/// An event in short, beside a list: the rest is on its page.
#[component]
pub fn Glance(
    /// The event.
    detail: EventDetail,
    /// Where to go when it has left the list.
    list: String,
) -> impl IntoView {
    let archived = detail.archived_at.is_some();
    let event = Growing::follow(detail);
    view! {
        <div class="glance">
            <Heading event part=true />
            <Decision event archived list />
            <Facts event />
            <Caught event />
        </div>
    }
}
