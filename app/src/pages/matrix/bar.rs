//! What will be done, before it is done.

use std::collections::BTreeMap;

use leptos::{prelude::*, task::spawn_local};
use skep_model::{Refusal, ids::SensorId, service::Change};

use super::{
    board::Board,
    draft::{Draft, Pending},
};
use crate::{
    components::{Attempt, Icon, Toasts, When, failure_text},
    failure::Failure,
    preferences::use_locale,
    server,
    translations::{Locale, td_string},
    view::view,
    words::{self, number},
};

/// How many sensors are named.
const NAMED: usize = 6;

/// The bar below the matrix, as long as something was ticked.
#[component]
pub fn PendingBar(board: Board) -> impl IntoView {
    let locale = use_locale();
    let toasts = expect_context::<Toasts>();
    let attempt = Attempt::new();
    let title = move || {
        let (cells, sensors) = board.draft.with(Draft::size);
        let cells = td_string!(
            locale,
            matrix.changes,
            count = cells as u64,
            n = number(locale, cells as u64)
        );
        let sensors = td_string!(
            locale,
            matrix.on_sensors,
            count = sensors as u64,
            n = number(locale, sensors as u64)
        );
        format!("{cells} {sensors}")
    };
    // What a refusal is about: the draft may have changed since it was sent.
    let sent = StoredValue::new(vec![]);
    let apply = move |_| {
        let draft = board.draft.get_untracked();
        sent.set_value(draft.changes());
        attempt.run(server::deploy(draft.changes()), move |deployed| {
            board.draft.update(|now| now.applied(&draft));
            let changed = deployed.undo.iter().map(Change::sensor);
            board.refresh(&changed.collect::<Vec<_>>());
            let count = u64::from(deployed.sensors);
            let text = td_string!(
                locale,
                matrix.applied,
                count = count,
                n = number(locale, count)
            );
            toasts.say(text, move || {
                undo(locale, board, toasts, deployed.undo.clone());
            });
        });
    };
    let discard = move |_| {
        attempt.failure.set(None);
        board.draft.update(|draft| *draft = Draft::default());
    };
    let problem = move || {
        attempt.failure.get().map(|failure| {
            view! {
                <p class="err" role="alert">
                    <Icon name="failed" small=true />
                    {sent.with_value(|sent| explained(locale, board, sent, &failure))}
                </p>
            }
        })
    };
    view! {
        {problem}
        <When holds=move || board.draft.with(|draft| !draft.is_empty())>
            <div class="pendings">
                <div>
                    <p role="status">
                        <b>{title}</b>
                    </p>
                    <ul>{move || summary(board).collect_view()}</ul>
                </div>
                <div class="acts">
                    <button type="button" class="btn" on:click=discard>
                        {td_string!(locale, matrix.discard)}
                    </button>
                    <button type="button" class="btn primary" on:click=apply>
                        {td_string!(locale, matrix.apply)}
                    </button>
                </div>
            </div>
        </When>
    }
}

/// Takes back what was applied; the reader may be on another page by now.
fn undo(locale: Locale, board: Board, toasts: Toasts, changes: Vec<Change>) {
    spawn_local(async move {
        let sensors: Vec<_> = changes.iter().map(Change::sensor).collect();
        match server::deploy(changes).await {
            Ok(_) => board.refresh(&sensors),
            Err(failure) => toasts.tell(failure_text(locale, &failure)),
        }
    });
}

/// One line for each sensor and kind of change.
fn summary(board: Board) -> impl Iterator<Item = AnyView> {
    let mut lines: BTreeMap<(SensorId, &'static str), (String, Vec<String>)> = BTreeMap::new();
    let rows = board.by_id();
    board.draft.with(|draft| {
        for place in draft.places() {
            let Some(row) = rows.get(&place.0) else {
                continue;
            };
            row.sensor.with_untracked(|sensor| {
                let icon = match draft.of(sensor, &place.1) {
                    Some(Pending::Add) => "plus",
                    Some(Pending::Remove) => "minus",
                    Some(Pending::Edit) | None => "cog",
                };
                let line = lines
                    .entry((place.0, icon))
                    .or_insert_with(|| (sensor.name.clone(), vec![]));
                line.1.push(place.1.to_string());
            });
        }
    });
    let more = lines.len().saturating_sub(NAMED);
    let named = lines.into_iter().take(NAMED);
    let named = named.map(|((_, icon), (sensor, services))| {
        let text = format!("{sensor}: {}", services.join(", "));
        view! {
            <li>
                <Icon name=icon small=true />
                {text}
            </li>
        }
    });
    let rest = (more > 0).then(|| view! { <li>{format!("… +{more}")}</li> });
    named.chain(rest)
}

/// Why nothing was applied; a refusal says by the change's number which one it is about.
fn explained(locale: Locale, board: Board, sent: &[Change], failure: &Failure) -> String {
    let Failure::Refused(Refusal::Invalid { field, complaint }) = failure else {
        return failure_text(locale, failure);
    };
    let number = field.strip_prefix("changes.").and_then(|rest| {
        let number = rest.split('.').next()?;
        number.parse::<usize>().ok()
    });
    let about = number
        .and_then(|number| sent.get(number))
        .and_then(|change| {
            let sensor = board.sensor(change.sensor())?;
            let service = match change {
                Change::Add { service, .. } => service.clone(),
                Change::Edit { instance, .. }
                | Change::Remove { instance, .. }
                | Change::Restore { instance, .. } => {
                    let known = sensor
                        .instances
                        .iter()
                        .find(|known| known.id == *instance)?;
                    known.service.clone()
                }
            };
            Some(td_string!(
                locale,
                matrix.tip,
                service = service.to_string(),
                sensor = sensor.name.as_str()
            ))
        });
    let complaint = words::complaint(locale, *complaint);
    match about {
        Some(about) => format!("{about}: {complaint}"),
        None => complaint,
    }
}
