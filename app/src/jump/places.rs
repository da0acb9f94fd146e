//! Where one can jump to.

use skep_model::{Address, sensor::SensorView, user::Role};

use crate::translations::{Locale, td_string};

/// The most that are offered at once.
const OFFERED: usize = 12;

/// Somewhere to go, or something to switch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Its words.
    pub label: String,
    /// What it is.
    pub kind: &'static str,
    /// Its icon.
    pub icon: &'static str,
    /// What choosing it does.
    pub to: To,
}

/// What choosing a place does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum To {
    /// Opens a page.
    Address(String),
    /// Switches between light and dark.
    Theme,
    /// Switches to the other language.
    Language(Locale),
}

/// All places that a role reaches.
pub fn places(locale: Locale, role: Role, sensors: &[SensorView]) -> Vec<Place> {
    let page = td_string!(locale, jump.page);
    let at = |label: &str, kind: &'static str, icon: &'static str, address: &str| Place {
        label: label.to_owned(),
        kind,
        icon,
        to: To::Address(address.to_owned()),
    };
    let mut places = vec![
        at(td_string!(locale, nav.dashboard), page, "dashboard", "/"),
        at(td_string!(locale, nav.events), page, "events", "/events"),
        at(td_string!(locale, nav.sensors), page, "sensors", "/sensors"),
        at(
            td_string!(locale, matrix.title),
            page,
            "sensors",
            "/sensors/matrix",
        ),
        at(
            td_string!(locale, field.services),
            page,
            "services",
            "/services",
        ),
    ];
    if role >= Role::Manager {
        places.push(at(
            td_string!(locale, nav.quarantine),
            page,
            "warn",
            "/quarantine",
        ));
    }
    if role == Role::Admin {
        places.push(at(td_string!(locale, nav.users), page, "users", "/users"));
        places.push(at(td_string!(locale, nav.tokens), page, "key", "/tokens"));
        places.push(at(td_string!(locale, nav.audit), page, "audit", "/audit"));
    }
    let events = td_string!(locale, nav.events);
    places.extend([
        at(td_string!(locale, nav.system), page, "cog", "/system"),
        at(td_string!(locale, nav.api), page, "terminal", "/api"),
        at(td_string!(locale, nav.profile), page, "user", "/profile"),
        at(
            td_string!(locale, filter.urgent),
            events,
            "sev-high",
            "/events?severity=high,critical",
        ),
        at(
            td_string!(locale, filter.archive),
            events,
            "events",
            "/events?dataset=archive",
        ),
    ]);
    places.extend(sensors.iter().map(|sensor| {
        let kind = td_string!(locale, field.sensor);
        at(
            &sensor.name,
            kind,
            "sensors",
            &format!("/sensors/{}", sensor.id),
        )
    }));
    let setting = td_string!(locale, jump.setting);
    places.push(Place {
        label: td_string!(locale, tools.theme_hint).to_owned(),
        kind: setting,
        icon: "moon",
        to: To::Theme,
    });
    let (name, other) = match locale {
        Locale::en => ("Deutsch", Locale::de),
        Locale::de => ("English", Locale::en),
    };
    places.push(Place {
        label: name.to_owned(),
        kind: setting,
        icon: "comment",
        to: To::Language(other),
    });
    places
}

/// The places that have all the words that were typed, those that begin with them first; an address leads to its
/// events.
pub fn matching(locale: Locale, places: &[Place], typed: &str) -> Vec<Place> {
    let typed = typed.trim().to_lowercase();
    let source = typed.parse::<Address>().ok().map(|address| Place {
        label: td_string!(locale, jump.source, address = address.to_string()),
        kind: td_string!(locale, nav.events),
        icon: "events",
        to: To::Address(format!("/events?status=any&source={address}")),
    });
    let mut found: Vec<(bool, &Place)> = places
        .iter()
        .filter_map(|place| {
            let label = place.label.to_lowercase();
            let all = typed.split_whitespace().all(|word| label.contains(word));
            all.then(|| (!label.starts_with(&typed), place))
        })
        .collect();
    found.sort_by_key(|(later, _)| *later);
    let found = found.into_iter().map(|(_, place)| place.clone());
    source.into_iter().chain(found).take(OFFERED).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(role: Role, typed: &str) -> Vec<String> {
        let places = places(Locale::en, role, &[]);
        let found = matching(Locale::en, &places, typed);
        found.into_iter().map(|place| place.label).collect()
    }

    #[test]
    fn words_lead_to_places_that_the_role_reaches() {
        assert_eq!(labels(Role::Admin, "sys"), ["System"]);
        assert_eq!(labels(Role::Admin, "log aud"), ["Audit log"]);
        assert_eq!(labels(Role::Observer, "audit"), [""; 0]);
        assert_eq!(labels(Role::Admin, "api")[..2], ["API tokens", "REST API"]);
        assert_eq!(labels(Role::Observer, "").len(), 12);
    }

    #[test]
    fn an_address_leads_to_its_events() {
        let found = matching(Locale::en, &[], " 2001:DB8::1 ");
        let to = To::Address("/events?status=any&source=2001:db8::1".to_owned());
        assert_eq!(found.first().map(|place| &place.to), Some(&to));
    }
}
