//! Where and how a service runs on a sensor: its instances, each with address, ports and settings.

use std::collections::BTreeSet;

use leptos::prelude::*;
use skep_model::{
    Transport,
    ids::{InstanceId, SensorId},
    sensor::{Port, SensorView},
    service::{Change, Placement, ServiceView, Setting, SettingKind, SettingValue, Settings},
};
use web_sys::FormData;

use super::{
    board::{Board, usual_placement},
    draft::{Place, instances},
    log::InstanceLog,
};
use crate::{
    components::{Dialog, Field, Icon, submitted_data, text},
    preferences::use_locale,
    translations::td_string,
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
    let usual = usual_placement(&sensor, &service, &Settings::new());
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
                {service.with_value(|service| fields(locale, &entry, service, wrong))}
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
                .unwrap_or_else(|| usual_placement(sensor, service, &Settings::new()));
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
    one.address == other.address && one.settings == other.settings && sorted(one) == sorted(other)
}

fn fields(
    locale: crate::translations::Locale,
    entry: &Entry,
    service: &ServiceView,
    wrong: RwSignal<Option<String>>,
) -> AnyView {
    let name = |field: &str| format!("{}.{field}", entry.number);
    let complaint = |field: String, text: &'static str| {
        Signal::derive(move || {
            let is_it = wrong.with(|wrong| wrong.as_ref() == Some(&field));
            is_it.then(|| text.to_owned())
        })
    };
    let listens = spelled(&entry.placement.ports, service);
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
                required=true
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
        <details>
            <summary>{td_string!(locale, matrix.settings)}</summary>
            <div class="stack">{settings}</div>
        </details>
    }
}

/// The control for a setting. The service says what it does in English; it may be anybody's service.
fn control(
    name: String,
    setting: &Setting,
    value: Option<&SettingValue>,
    complaint: Signal<Option<String>>,
) -> AnyView {
    let label = setting.name.clone();
    let hint = setting.description.clone();
    let shown = value.map_or_else(|| default(&setting.kind), words);
    let hint = view! {
        <p class="hint" lang="en">
            {hint}
        </p>
    };
    match &setting.kind {
        SettingKind::Text { .. } => view! {
            <Field name label value=shown complaint />
            {hint}
        },
        SettingKind::Number { .. } => view! {
            <Field name label kind="number" value=shown complaint />
            {hint}
        },
        SettingKind::List { .. } => view! {
            <div class="field">
                <label for=name.clone()>{label}</label>
                <textarea class="input mono" id=name.clone() name=name rows="4" spellcheck="false">
                    {shown}
                </textarea>
            </div>
            {hint}
        },
        SettingKind::Choice { options, .. } => {
            let options = options
                .iter()
                .map(|option| {
                    let chosen = *option == shown;
                    view! {
                        <option value=option.clone() selected=chosen>
                            {option.clone()}
                        </option>
                    }
                })
                .collect_view();
            view! {
                <div class="field">
                    <label for=name.clone()>{label}</label>
                    <select class="select" id=name.clone() name=name>
                        {options}
                    </select>
                </div>
                {hint}
            }
        }
    }
}

fn default(kind: &SettingKind) -> String {
    match kind {
        SettingKind::Text { default, .. } | SettingKind::Choice { default, .. } => default.clone(),
        SettingKind::List { default, .. } => default.join("\n"),
        SettingKind::Number { default, .. } => default.to_string(),
    }
}

fn words(value: &SettingValue) -> String {
    match value {
        SettingValue::Text(text) => text.clone(),
        SettingValue::Number(number) => number.to_string(),
        SettingValue::List(lines) => lines.join("\n"),
    }
}

fn transports(service: &ServiceView) -> BTreeSet<Transport> {
    service.ports.iter().map(|port| port.transport).collect()
}

/// Ports as people write them: a number alone stands for every protocol that the service speaks.
fn spelled(ports: &[Port], service: &ServiceView) -> String {
    let spoken = transports(service);
    let mut words: Vec<String> = vec![];
    for port in ports {
        let whole = spoken.iter().all(|transport| {
            ports
                .iter()
                .any(|other| other.number == port.number && other.transport == *transport)
        });
        let word = if whole {
            port.number.to_string()
        } else {
            format!("{}/{}", port.number, port.transport)
        };
        if !words.contains(&word) {
            words.push(word);
        }
    }
    words.join(", ")
}

/// Reads what [`spelled`] writes.
fn ports(text: &str, service: &ServiceView) -> Option<Vec<Port>> {
    let spoken = transports(service);
    let mut ports: Vec<Port> = vec![];
    for word in text.split([',', ' ']).filter(|word| !word.is_empty()) {
        let (number, transport) = match word.split_once('/') {
            Some((number, transport)) => (number, Some(transport.parse::<Transport>().ok()?)),
            None => (word, None),
        };
        let number: u16 = number.parse().ok().filter(|number| *number > 0)?;
        let wanted: Vec<Transport> = match transport {
            Some(transport) => vec![transport],
            None => spoken.iter().copied().collect(),
        };
        for transport in wanted {
            let port = Port { number, transport };
            if !spoken.contains(&transport) || ports.contains(&port) {
                return None;
            }
            ports.push(port);
        }
    }
    (!ports.is_empty()).then_some(ports)
}

/// What the fields of an entry hold; or the field that holds nothing that can be taken.
fn read(data: &FormData, entry: &Entry, service: &ServiceView) -> Result<Entry, String> {
    let name = |field: &str| format!("{}.{field}", entry.number);
    let given = |field: &str| text(data, &name(field)).trim().to_owned();
    let address = given("address").parse().map_err(|_| name("address"))?;
    let ports = ports(&given("ports"), service).ok_or_else(|| name("ports"))?;
    let mut settings = Settings::new();
    for setting in &service.settings {
        let text = text(data, &name(&setting.name)).replace("\r\n", "\n");
        if text.trim() == default(&setting.kind) {
            continue;
        }
        let value = match &setting.kind {
            SettingKind::Text { .. } | SettingKind::Choice { .. } => SettingValue::Text(text),
            SettingKind::List { .. } => {
                let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
                SettingValue::List(lines.map(str::to_owned).collect())
            }
            SettingKind::Number { min, max, .. } => {
                let number = text.trim().parse().ok();
                let number = number.filter(|number| (min..=max).contains(&number));
                SettingValue::Number(number.ok_or_else(|| name(&setting.name))?)
            }
        };
        settings.insert(setting.name.clone(), value);
    }
    Ok(Entry {
        placement: Placement {
            address,
            ports,
            settings,
        },
        ..entry.clone()
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use skep_model::service::Level;

    use super::*;

    fn service(transports: &[Transport]) -> ServiceView {
        ServiceView {
            name: "dns".parse().unwrap(),
            description: String::new(),
            level: Level::Low,
            revision: 1,
            ports: transports
                .iter()
                .map(|transport| Port {
                    number: 53,
                    transport: *transport,
                })
                .collect(),
            settings: vec![],
            architectures: vec![],
        }
    }

    #[test]
    fn ports_read_as_they_are_written() {
        let both = service(&[Transport::Tcp, Transport::Udp]);
        let tcp = service(&[Transport::Tcp]);
        for (service, written, spelled_as) in [
            (&tcp, "22", "22"),
            (&tcp, "22,2222 80/tcp", "22, 2222, 80"),
            (&both, "53", "53"),
            (&both, "53 80/udp", "53, 80/udp"),
            (&both, "53/tcp 53/udp", "53"),
        ] {
            let read = ports(written, service).unwrap();
            assert_eq!(spelled(&read, service), spelled_as);
            assert_eq!(ports(spelled_as, service).unwrap().len(), read.len());
        }
        for wrong in ["", "0", "70000", "x", "22/udp", "22 22", "22/icmp", "-1"] {
            assert_eq!(ports(wrong, &tcp), None, "{wrong}");
        }
    }
}
