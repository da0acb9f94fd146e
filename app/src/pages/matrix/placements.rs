//! Where and how a service runs on a sensor: its instances, each with address, ports and settings.

use leptos::prelude::*;
use skep_model::{
    ids::{InstanceId, SensorId},
    sensor::SensorView,
    service::{Change, Placement, ServiceView},
};
use web_sys::FormData;

use super::{
    board::{Board, usual_placement},
    draft::{Place, instances},
    log::InstanceLog,
    ports::{ports, spelled, spoken},
    settings::{self, control},
};
use crate::{
    components::{Dialog, Field, Icon, submitted_data, text},
    preferences::use_locale,
    translations::{Locale, td_string},
    view::view,
};

/// An instance in the form.
#[derive(Clone)]
struct Entry {
    /// Tells the fields of one from those of another.
    number: usize,
    /// `None`: it is to come.
    instance: Option<InstanceId>,
    placement: Placement,
}

/// The dialog for the cell that was opened.
#[component]
pub fn Placements(board: Board) -> impl IntoView {
    let open = RwSignal::new(false);
    Effect::new(move |_| {
        if board.opened.with(Option::is_some) {
            open.set(true);
        }
    });
    Effect::new(move |_| {
        if !open.get() {
            board.opened.set(None);
        }
    });
    let content = move || {
        let place = board.opened.get()?;
        let sensor = board.sensor(place.0)?;
        let service = board.service(&place.1)?;
        Some(view! { <Form board place sensor service open /> })
    };
    view! {
        <Dialog open labelled_by="placements">
            {content}
        </Dialog>
    }
}

#[component]
fn Form(
    board: Board,
    place: Place,
    sensor: SensorView,
    service: ServiceView,
    open: RwSignal<bool>,
) -> impl IntoView {
    let locale = use_locale();
    let entries = board
        .draft
        .with_untracked(|draft| entries(draft, &sensor, &service));
    let next = StoredValue::new(entries.len());
    let entries = RwSignal::new(entries);
    let wrong = RwSignal::new(None::<String>);
    let title = td_string!(
        locale,
        matrix.tip,
        service = service.name.to_string(),
        sensor = sensor.name.as_str()
    );
    let usual = usual_placement(&sensor, &service);
    let add = move |_| {
        let number = next.get_value();
        next.set_value(number + 1);
        let placement = usual.clone();
        entries.update(|entries| {
            entries.push(Entry {
                number,
                instance: None,
                placement,
            });
        });
    };
    let description = service.description.clone();
    let service = StoredValue::new(service);
    let architecture = StoredValue::new(sensor.architecture.clone());
    let sensor = StoredValue::new(sensor);
    let submitted = move |event: leptos::ev::SubmitEvent| {
        let Some(data) = submitted_data(&event) else {
            return;
        };
        let read: Result<Vec<Entry>, String> = entries.with_untracked(|entries| {
            let read = |entry: &Entry| service.with_value(|service| read(&data, entry, service));
            entries.iter().map(read).collect()
        });
        match read {
            Ok(entries) => {
                let changes = sensor.with_value(|sensor| changes(sensor, &place, &entries));
                board
                    .draft
                    .update(|draft| draft.set(place.clone(), changes));
                board.editing.set(true);
                open.set(false);
            }
            Err(field) => wrong.set(Some(field)),
        }
    };
    let manager = board.manager;
    // Only what has an image has a container that prints.
    let prints = manager && service.with_value(|service| !service.architectures.is_empty());
    let id = sensor.with_value(|sensor| sensor.id);
    let log = move |instance: Option<InstanceId>| {
        let instance = instance.filter(|_| prints)?;
        Some(view! { <InstanceLog sensor=id instance /> })
    };
    let each = move |entry: Entry| {
        let number = entry.number;
        let gone =
            move |_| entries.update(|entries| entries.retain(|entry| entry.number != number));
        view! {
            <fieldset class="placement plain-set" disabled=!manager>
                <legend class="vh">{format!("{} {}", td_string!(locale, matrix.instance), number + 1)}</legend>
                {service.with_value(|service| fields(locale, &entry, service, architecture.get_value(), wrong))}
                {log(entry.instance)}
                {manager
                    .then(|| {
                        view! {
                            <button type="button" class="btn s danger" on:click=gone>
                                {td_string!(locale, action.remove)}
                            </button>
                        }
                    })}
            </fieldset>
        }
    };
    view! {
        <form on:submit=submitted>
            <div class="in">
                <h2 id="placements">{title}</h2>
                <p class="muted" lang="en">
                    {description}
                </p>
                <For each=move || entries.get() key=|entry| entry.number children=each />
                {manager
                    .then(|| {
                        view! {
                            <button type="button" class="btn s" on:click=add>
                                <Icon name="plus" small=true />
                                {td_string!(locale, matrix.once_more)}
                            </button>
                        }
                    })}
            </div>
            <div class="foot">
                <button type="button" class="btn" on:click=move |_| open.set(false)>
                    {td_string!(locale, action.cancel)}
                </button>
                {manager
                    .then(|| {
                        view! {
                            <button type="submit" class="btn primary">
                                {td_string!(locale, matrix.take_over)}
                            </button>
                        }
                    })}
            </div>
        </form>
    }
}

/// What the cell has, with what was changed about it and is not applied.
fn entries(draft: &super::draft::Draft, sensor: &SensorView, service: &ServiceView) -> Vec<Entry> {
    draft
        .placements(sensor, &service.name)
        .into_iter()
        .enumerate()
        .map(|(number, (change, instance))| {
            let changed = match change {
                Some(Change::Edit { placement, .. }) => Some(placement.clone()),
                Some(Change::Add { placement, .. }) => placement.clone(),
                _ => None,
            };
            let placement = changed
                .or_else(|| instance.as_ref().map(|instance| instance.placement.clone()))
                .unwrap_or_else(|| usual_placement(sensor, service));
            Entry {
                number,
                instance: instance.map(|instance| instance.id),
                placement,
            }
        })
        .collect()
}

/// What has to change for a cell to be so.
fn changes(sensor: &SensorView, place: &Place, entries: &[Entry]) -> Vec<Change> {
    let id: SensorId = sensor.id;
    let removed = instances(sensor, &place.1)
        .filter(|instance| {
            entries
                .iter()
                .all(|entry| entry.instance != Some(instance.id))
        })
        .map(|instance| Change::Remove {
            sensor: id,
            instance: instance.id,
        });
    let others = entries.iter().filter_map(|entry| {
        let placement = entry.placement.clone();
        let Some(instance) = entry.instance else {
            return Some(Change::Add {
                sensor: id,
                service: place.1.clone(),
                placement: Some(placement),
            });
        };
        let before = instances(sensor, &place.1)
            .find(|known| known.id == instance)
            .map(|known| known.placement.clone());
        let same = before
            .as_ref()
            .is_some_and(|before| alike(before, &placement));
        (!same).then_some(Change::Edit {
            sensor: id,
            instance,
            placement,
            before,
        })
    });
    removed.chain(others).collect()
}

/// Whether two say the same; the order of ports says nothing.
fn alike(one: &Placement, other: &Placement) -> bool {
    let sorted = |placement: &Placement| {
        let mut ports: Vec<_> = placement
            .ports
            .iter()
            .map(|port| (port.number, port.transport))
            .collect();
        ports.sort_unstable();
        ports
    };
    (&one.address, &one.settings, one.pinned) == (&other.address, &other.settings, other.pinned)
        && sorted(one) == sorted(other)
}

fn fields(
    locale: Locale,
    entry: &Entry,
    service: &ServiceView,
    architecture: Option<String>,
    wrong: RwSignal<Option<String>>,
) -> AnyView {
    let name = |field: &str| format!("{}.{field}", entry.number);
    let complaint = |field: String, text: &'static str| {
        Signal::derive(move || {
            let is_it = wrong.with(|wrong| wrong.as_ref() == Some(&field));
            is_it.then(|| text.to_owned())
        })
    };
    let pinned = entry.placement.pinned;
    let spoken = spoken(service, pinned);
    let listens = spelled(&entry.placement.ports, &spoken);
    let revision = (!service.revisions.is_empty()).then(|| {
        revisions(
            locale,
            name("pinned"),
            service,
            pinned,
            architecture.as_deref(),
        )
    });
    let settings = service
        .settings
        .iter()
        .map(|setting| {
            let value = entry.placement.settings.get(&setting.name);
            let field = name(&setting.name);
            let about = complaint(field.clone(), td_string!(locale, matrix.wrong_value));
            control(field, setting, value, about)
        })
        .collect_view();
    view! {
        <div class="two">
            <Field
                name=name("ports")
                label=td_string!(locale, sensor.ports)
                value=listens
                required=!spoken.is_empty()
                complaint=complaint(name("ports"), td_string!(locale, matrix.wrong_ports))
            />
            <Field
                name=name("address")
                label=td_string!(locale, matrix.address)
                value=entry.placement.address.to_string()
                required=true
                complaint=complaint(name("address"), td_string!(locale, matrix.wrong_address))
            />
        </div>
        {revision}
        {(!service.settings.is_empty())
            .then(|| {
                view! {
                    <details>
                        <summary>{td_string!(locale, matrix.settings)}</summary>
                        <div class="stack">{settings}</div>
                    </details>
                }
            })}
    }
}

/// Of which revision it is: the service's, whichever that will be, or always the same.
fn revisions(
    locale: Locale,
    name: String,
    service: &ServiceView,
    pinned: Option<u32>,
    architecture: Option<&str>,
) -> AnyView {
    let usual = service.revision(service.revision);
    let usual = usual
        .map(|revision| revision.label.as_str())
        .unwrap_or_default();
    let usual = td_string!(locale, matrix.usual_revision, label = usual);
    let stay = service
        .revisions
        .iter()
        .rev()
        .map(|revision| {
            let text = td_string!(locale, matrix.always, label = revision.label.as_str());
            view! {
                <option
                    value=revision.number.to_string()
                    selected=pinned == Some(revision.number)
                    disabled=!revision.runs_on(architecture)
                >
                    {text}
                </option>
            }
        })
        .collect_view();
    view! {
        <div class="field">
            <label for=name.clone()>{td_string!(locale, services.revision)}</label>
            <select class="select" id=name.clone() name=name>
                <option value="">{usual}</option>
                {stay}
            </select>
        </div>
    }
}

/// What the fields of an entry hold; or the field that holds nothing that can be taken.
fn read(data: &FormData, entry: &Entry, service: &ServiceView) -> Result<Entry, String> {
    let name = |field: &str| format!("{}.{field}", entry.number);
    let given = |field: &str| text(data, &name(field)).trim().to_owned();
    let address = given("address").parse().map_err(|_| name("address"))?;
    let pinned = given("pinned").parse().ok();
    let ports = ports(&given("ports"), &spoken(service, pinned)).ok_or_else(|| name("ports"))?;
    let settings = settings::read(service, |setting| text(data, &name(setting)))
        .map_err(|setting| name(&setting))?;
    Ok(Entry {
        placement: Placement {
            address,
            ports,
            settings,
            pinned,
        },
        ..entry.clone()
    })
}
