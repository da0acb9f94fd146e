//! Whether an instance can be placed as somebody wants it.

use skep_model::{
    Complaint,
    service::{Placement, Setting, SettingKind, SettingValue},
};

use super::{Wrong, known::Known};

/// The most ports of one instance.
const MOST_PORTS: usize = 128;
/// The longest line of a setting that is a list, in characters.
const LINE: usize = 256;

/// The field with the revision that an instance stays at.
pub(super) const PINNED: &str = ".placement.pinned";

/// Whether a service can be placed so; if it can, the number of the revision that it is of then.
pub(super) fn check(placement: &Placement, known: &Known) -> Result<u32, Wrong> {
    const PORTS: &str = ".placement.ports";
    const SETTINGS: &str = ".placement.settings";
    let revision = known
        .revision(placement.pinned)
        .map_err(|complaint| (PINNED, complaint))?;
    known
        .listens_on(&placement.ports, revision)
        .map_err(|complaint| (PORTS, complaint))?;
    if placement.ports.len() > MOST_PORTS {
        let max = MOST_PORTS as u32;
        return Err((PORTS, Complaint::TooMany { max }));
    }
    if placement.ports.iter().any(|port| port.number == 0) {
        return Err((
            PORTS,
            Complaint::Between {
                min: 1,
                max: 65_535,
            },
        ));
    }
    for (name, value) in &placement.settings {
        let setting = known.view.settings.iter().find(|known| known.name == *name);
        let setting = setting.ok_or((SETTINGS, Complaint::Unknown))?;
        fits(setting, value).map_err(|complaint| (SETTINGS, complaint))?;
    }
    Ok(revision)
}

/// Whether a setting can have a value. The honeypot itself may want more.
fn fits(setting: &Setting, value: &SettingValue) -> Result<(), Complaint> {
    let line = |text: &str, max: usize| {
        if text.chars().count() > max {
            Err(Complaint::TooLong { max: max as u32 })
        } else if text.contains(['\0', '\n', '\r']) {
            Err(Complaint::BadCharacters)
        } else {
            Ok(())
        }
    };
    match (&setting.kind, value) {
        (SettingKind::Text { max, .. }, SettingValue::Text(text)) => line(text, *max as usize),
        (SettingKind::List { max, .. }, SettingValue::List(lines)) => {
            if lines.len() > *max as usize {
                return Err(Complaint::TooMany { max: *max });
            }
            lines.iter().try_for_each(|text| line(text, LINE))
        }
        (SettingKind::Choice { options, .. }, SettingValue::Text(word)) => options
            .contains(word)
            .then_some(())
            .ok_or(Complaint::Unknown),
        (SettingKind::Number { min, max, .. }, SettingValue::Number(number)) => {
            let (least, most) = (*min as u32, *max as u32);
            (min..=max)
                .contains(&number)
                .then_some(())
                .ok_or(Complaint::Between {
                    min: least,
                    max: most,
                })
        }
        _ => Err(Complaint::Wrong),
    }
}
