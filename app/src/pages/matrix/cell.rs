//! One cell: how a service is on a sensor, and why.

use leptos::{ev, prelude::*};
use skep_model::sensor::{InstanceState, InstanceView, Presence, SensorView};

use super::{
    board::Board,
    draft::{Pending, Place, instances},
};
use crate::{
    components::When,
    preferences::use_locale,
    translations::{Locale, td_string},
    view::view,
    words::ports,
};

/// What a cell looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Look {
    Off,
    Scheduled,
    /// So many per cent of its image are there.
    Loading(u8),
    Running,
    Failed,
    Offline,
    /// There is nothing for the sensor's processor.
    Unfit,
    Pending(Pending),
}

impl Look {
    fn of(board: Board, sensor: &SensorView, place: &Place, pending: Option<Pending>) -> Self {
        if let Some(pending) = pending {
            return Self::Pending(pending);
        }
        let worst = instances(sensor, &place.1)
            .map(|instance| match instance.state {
                InstanceState::Running => Self::Running,
                InstanceState::Scheduled => {
                    instance.progress.map_or(Self::Scheduled, Self::Loading)
                }
                InstanceState::Failed => Self::Failed,
            })
            .max_by_key(|look| (*look == Self::Failed, *look != Self::Running));
        match (worst, sensor.presence) {
            (None, _) if !board.fits(sensor, &place.1) => Self::Unfit,
            (None, _) => Self::Off,
            (Some(_), Presence::Offline | Presence::Revoked) => Self::Offline,
            (Some(_), Presence::Waiting) => Self::Scheduled,
            (Some(look), Presence::Online) => look,
        }
    }

    /// Class, mark, and word.
    fn shown(self, locale: Locale) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::Off => ("cell", "off", td_string!(locale, matrix.off)),
            Self::Scheduled => ("cell blue", "clock", td_string!(locale, sensors.scheduled)),
            Self::Loading(_) => ("cell blue", "download", td_string!(locale, matrix.loading)),
            Self::Running => ("cell green", "running", td_string!(locale, sensors.running)),
            Self::Failed => ("cell red", "failed", td_string!(locale, sensors.failed)),
            Self::Unfit => ("cell", "st-ignored", td_string!(locale, matrix.unfit)),
            Self::Offline => ("cell away", "offline", td_string!(locale, matrix.offline)),
            Self::Pending(Pending::Add) => ("cell pending", "plus", td_string!(locale, matrix.add)),
            Self::Pending(Pending::Remove) => (
                "cell pending less",
                "minus",
                td_string!(locale, matrix.remove),
            ),
            Self::Pending(Pending::Edit) => {
                ("cell pending", "cog", td_string!(locale, matrix.change))
            }
        }
    }
}

/// A cell of the matrix.
#[component]
pub fn Cell(board: Board, sensor: RwSignal<SensorView>, place: Place) -> impl IntoView {
    let locale = use_locale();
    let place = StoredValue::new(place);
    let look = Memo::new(move |_| {
        let pending = board.draft.with(|draft| {
            sensor.with(|sensor| place.with_value(|place| draft.of(sensor, &place.1)))
        });
        sensor.with(|sensor| place.with_value(|place| Look::of(board, sensor, place, pending)))
    });
    let label = move || {
        let look = look.get();
        let (_, _, word) = look.shown(locale);
        let word = match look {
            Look::Loading(progress) => format!("{word} {progress} %"),
            _ => word.to_owned(),
        };
        sensor.with(|sensor| {
            let service = place.with_value(|place| place.1.to_string());
            let reason = reason(sensor, place).map(|reason| format!(", {reason}"));
            td_string!(
                locale,
                matrix.cell,
                service = service,
                sensor = sensor.name.as_str(),
                state = word
            ) + &reason.unwrap_or_default()
        })
    };
    let toggle = move || {
        if look.get_untracked() == Look::Unfit {
            return;
        }
        place.with_value(|place| {
            sensor.with_untracked(|sensor| {
                board.draft.update(|draft| draft.toggle(sensor, &place.1));
            });
        });
    };
    let open = move || board.opened.set(Some(place.get_value()));
    let clicked = move |_| {
        if board.editing.get_untracked() {
            toggle();
        } else {
            open();
        }
    };
    let key = move |event: ev::KeyboardEvent| match event.key().as_str() {
        "Escape" => board.tip.set(None),
        "F2" => open(),
        _ => {}
    };
    let is_tip = move || {
        board
            .tip
            .with(|tip| tip.as_ref() == Some(&place.get_value()))
    };
    let word = move || {
        let look = look.get();
        if let Look::Loading(progress) = look {
            return Some(view! {
                <span>{format!("{progress} %")}</span>
                <progress max="100" value=progress.to_string() aria-hidden="true"></progress>
            });
        }
        matches!(look, Look::Pending(_) | Look::Failed).then(|| {
            let (_, _, word) = look.shown(locale);
            view! { <span>{word}</span> }
        })
    };
    view! {
        <td data-l=place.with_value(|place| place.1.to_string()) on:mouseenter=move |_| board.tip.set(Some(place.get_value())) on:mouseleave=move |_| board.tip.set(None)>
            <button
                type="button"
                class=move || look.get().shown(locale).0
                data-mark=move || look.get().shown(locale).1
                tabindex="-1"
                aria-label=label
                aria-disabled=move || (look.get() == Look::Unfit).then_some("true")
                on:click=clicked
                on:keydown=key
                on:focus=move |_| board.tip.set(Some(place.get_value()))
                on:blur=move |_| board.tip.set(None)
            >
                {word}
            </button>
            <When holds=is_tip>
                <Tip board sensor place />
            </When>
        </td>
    }
}

/// Why a service does not run on a sensor, or not on all of its ports.
fn reason(sensor: &SensorView, place: StoredValue<Place>) -> Option<String> {
    place.with_value(|place| {
        instances(sensor, &place.1).find_map(|instance| instance.reason.clone())
    })
}

/// What the revision of an instance is called, where a service has several.
fn label(board: Board, instance: &InstanceView) -> Option<String> {
    let service = board.service(&instance.service)?;
    let revision = service.revision(instance.revision)?;
    Some(revision.label.clone())
}

/// What there is to say about a cell, beside it.
#[component]
fn Tip(board: Board, sensor: RwSignal<SensorView>, place: StoredValue<Place>) -> impl IntoView {
    let locale = use_locale();
    move || {
        let service = place.with_value(|place| place.1.clone());
        sensor.with(|sensor| {
            let known = board
                .draft
                .with(|draft| draft.of(sensor, &service))
                .is_some();
            let lines: Vec<AnyView> = instances(sensor, &service)
                .map(|instance| {
                    let listens = ports(&instance.placement.ports);
                    let address = instance.placement.address.to_string();
                    let reason = instance.reason.clone();
                    let revision = label(board, instance).map(|label| {
                        let pinned = instance.placement.pinned.is_some();
                        let text = if pinned {
                            td_string!(locale, matrix.always, label = label)
                        } else {
                            label
                        };
                        view! { <span class="faint">{format!(" {text}")}</span> }
                    });
                    view! {
                        <li>
                            <span class="mono">{format!("{address} {listens}")}</span>
                            {revision}
                            {reason.map(|reason| view! { <p>{reason}</p> })}
                        </li>
                    }
                })
                .collect();
            (known || !lines.is_empty()).then(|| {
                let title = td_string!(
                    locale,
                    matrix.tip,
                    service = service.to_string(),
                    sensor = sensor.name.as_str()
                );
                view! {
                    <div class="tip" role="tooltip">
                        <b>{title}</b>
                        <ul>{lines}</ul>
                        <p class="faint">{td_string!(locale, matrix.tip_hint)}</p>
                    </div>
                }
            })
        })
    }
}
