//! Finding sensors among many.

use leptos::prelude::*;
use leptos_router::params::ParamsMap;
use skep_model::sensor::{Presence, SensorView};

use crate::{
    components::{Choose, Field},
    preferences::use_locale,
    translations::td_string,
    view::view,
    words,
};

/// Which sensors are wanted. What is empty does not matter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// A part of name, address or version.
    text: String,
    /// The group's id.
    group: String,
    /// The presence's word.
    state: String,
}

impl Wanted {
    /// Reads it from the page's address.
    pub fn read(address: &ParamsMap) -> Self {
        let word = |name: &str| address.get(name).unwrap_or_default().trim().to_lowercase();
        Self {
            text: word("text"),
            group: word("group"),
            state: word("state"),
        }
    }

    /// Whether a sensor is one of them.
    pub fn fits(&self, sensor: &SensorView) -> bool {
        let address = sensor.address.map(|address| address.to_string());
        let texts = [
            Some(&sensor.name),
            address.as_ref(),
            sensor.version.as_ref(),
        ];
        let has_text = texts
            .into_iter()
            .flatten()
            .any(|text| text.to_lowercase().contains(&self.text));
        has_text
            && (self.group.is_empty() || sensor.group.id.to_string() == self.group)
            && (self.state.is_empty() || sensor.presence.word() == self.state)
    }
}

/// The form above the list; it asks anew by the address.
#[component]
pub fn Search(
    /// All sensors.
    sensors: Vec<SensorView>,
    /// What is wanted now.
    wanted: Wanted,
) -> impl IntoView {
    let locale = use_locale();
    let any = || (String::new(), td_string!(locale, filter.any).to_owned());
    let mut groups: Vec<_> = sensors.into_iter().map(|sensor| sensor.group).collect();
    groups.sort_by(|one, other| one.name.cmp(&other.name));
    groups.dedup();
    let groups = std::iter::once(any())
        .chain(
            groups
                .into_iter()
                .map(|group| (group.id.to_string(), group.name)),
        )
        .collect();
    let states = Presence::ALL.iter().map(|presence| {
        (
            presence.to_string(),
            words::presence(locale, *presence).to_owned(),
        )
    });
    let states = std::iter::once(any()).chain(states).collect();
    view! {
        <form class="filters boxed" method="get" action="/sensors" role="search">
            <Field name="text" label=td_string!(locale, sensors.text) kind="search" value=wanted.text complaint=None />
            <Choose name="group" label=td_string!(locale, field.group) choices=groups current=wanted.group />
            <Choose name="state" label=td_string!(locale, field.state) choices=states current=wanted.state />
            <div class="filter-acts">
                <button type="submit" class="btn">
                    {td_string!(locale, filter.apply)}
                </button>
                <a class="btn ghost" href="/sensors">
                    {td_string!(locale, filter.clear)}
                </a>
            </div>
        </form>
    }
}

#[cfg(test)]
mod tests {
    use skep_model::{
        Timestamp,
        ids::{GroupId, SensorId},
        sensor::GroupRef,
    };

    use super::*;

    #[test]
    fn all_that_is_given_must_hold() {
        let group = GroupRef {
            id: GroupId::from_slice(&[7; 16]).unwrap(),
            name: "berlin".to_owned(),
        };
        let sensor = SensorView {
            id: SensorId::from_slice(&[1; 16]).unwrap(),
            name: "Office-01".to_owned(),
            presence: Presence::Online,
            since: None,
            address: "192.0.2.9".parse().ok(),
            version: None,
            architecture: None,
            queued: 0,
            dropped: 0,
            instances: vec![],
            created_at: Timestamp(0),
            group,
        };
        let group = sensor.group.id.to_string();
        for (text, group, state, fits) in [
            ("", "", "", true),
            ("office", &*group, "online", true),
            ("192.0", "", "", true),
            ("lab", "", "", false),
            ("office", "other", "", false),
            ("office", "", "offline", false),
        ] {
            let wanted = Wanted {
                text: text.to_owned(),
                group: group.to_owned(),
                state: state.to_owned(),
            };
            assert_eq!(wanted.fits(&sensor), fits, "{wanted:?}");
        }
    }
}
