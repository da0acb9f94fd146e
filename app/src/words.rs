//! The words for the model's values, and numbers, in the reader's language.

use skep_model::{
    Classification, Complaint, LoginMethod, Severity, Status, Timestamp,
    sensor::{Port, Presence},
    service::Level,
    token::Area,
    user::Role,
};

use crate::translations::{Locale, td_string};

/// The word for a severity.
#[must_use]
pub fn severity(locale: Locale, severity: Severity) -> &'static str {
    match severity {
        Severity::Info => td_string!(locale, severity.info),
        Severity::Low => td_string!(locale, severity.low),
        Severity::Medium => td_string!(locale, severity.medium),
        Severity::High => td_string!(locale, severity.high),
        Severity::Critical => td_string!(locale, severity.critical),
    }
}

/// The word for a classification.
#[must_use]
pub fn classification(locale: Locale, classification: Classification) -> &'static str {
    match classification {
        Classification::Unknown => td_string!(locale, classification.unknown),
        Classification::Icmp => td_string!(locale, classification.icmp),
        Classification::Connection => td_string!(locale, classification.connection),
        Classification::Honeypot => td_string!(locale, classification.honeypot),
        Classification::Scan => td_string!(locale, classification.scan),
    }
}

/// The word for a status.
#[must_use]
pub fn status(locale: Locale, status: Status) -> &'static str {
    match status {
        Status::New => td_string!(locale, status.new),
        Status::InProgress => td_string!(locale, status.in_progress),
        Status::Resolved => td_string!(locale, status.resolved),
        Status::Ignored => td_string!(locale, status.ignored),
    }
}

/// The words for a sensor's presence.
#[must_use]
pub fn presence(locale: Locale, presence: Presence) -> &'static str {
    match presence {
        Presence::Waiting => td_string!(locale, presence.waiting),
        Presence::Online => td_string!(locale, presence.online),
        Presence::Offline => td_string!(locale, presence.offline),
        Presence::Revoked => td_string!(locale, presence.revoked),
    }
}

/// The word for a role.
#[must_use]
pub fn role(locale: Locale, role: Role) -> &'static str {
    match role {
        Role::Observer => td_string!(locale, role.observer),
        Role::Manager => td_string!(locale, role.manager),
        Role::Admin => td_string!(locale, role.admin),
    }
}

/// The word for a part of the API.
#[must_use]
pub fn area(locale: Locale, area: Area) -> &'static str {
    match area {
        Area::Events => td_string!(locale, area.events),
        Area::Sensors => td_string!(locale, area.sensors),
        Area::Accounts => td_string!(locale, area.accounts),
        Area::System => td_string!(locale, area.system),
    }
}

/// The words for a way to log in.
#[must_use]
pub fn login_method(locale: Locale, method: LoginMethod) -> &'static str {
    match method {
        LoginMethod::Password => td_string!(locale, login_method.password),
        LoginMethod::Key => td_string!(locale, login_method.key),
        LoginMethod::Interactive => td_string!(locale, login_method.interactive),
    }
}

/// What is wrong with a field, as a sentence.
#[must_use]
pub fn complaint(locale: Locale, complaint: Complaint) -> String {
    match complaint {
        Complaint::Empty => td_string!(locale, complaint.empty).to_owned(),
        Complaint::TooShort { min } => td_string!(locale, complaint.too_short, count = min),
        Complaint::TooLong { max } => td_string!(locale, complaint.too_long, count = max),
        Complaint::Taken => td_string!(locale, complaint.taken).to_owned(),
        Complaint::NotAnAddress => td_string!(locale, complaint.not_an_address).to_owned(),
        Complaint::DoNotMatch => td_string!(locale, complaint.do_not_match).to_owned(),
        Complaint::Wrong => td_string!(locale, complaint.wrong).to_owned(),
        Complaint::TooWeak => td_string!(locale, complaint.too_weak).to_owned(),
        Complaint::Unknown => td_string!(locale, complaint.unknown).to_owned(),
        Complaint::BadCharacters => td_string!(locale, complaint.bad_characters).to_owned(),
        Complaint::Between { min, max } => {
            td_string!(locale, complaint.between, min = min, max = max)
        }
        Complaint::NotAUrl => td_string!(locale, complaint.not_a_url).to_owned(),
        Complaint::Same => td_string!(locale, complaint.same).to_owned(),
        Complaint::Changed => td_string!(locale, complaint.changed).to_owned(),
        Complaint::PortTwice => td_string!(locale, complaint.port_twice).to_owned(),
        Complaint::TooMany { max } => td_string!(locale, complaint.too_many, max = max),
        Complaint::NoImage => td_string!(locale, complaint.no_image).to_owned(),
        Complaint::OtherPorts => td_string!(locale, complaint.other_ports).to_owned(),
        Complaint::InUse => td_string!(locale, complaint.in_use).to_owned(),
        Complaint::NotAllowed => td_string!(locale, complaint.not_allowed).to_owned(),
        Complaint::LastAdmin => td_string!(locale, complaint.last_admin).to_owned(),
    }
}

/// Why a connection ended, where it is one of the reasons that Skep's own honeypots give.
#[must_use]
pub fn ending(locale: Locale, reason: &str) -> Option<&'static str> {
    Some(match reason {
        "closed by the source" => td_string!(locale, ending.closed),
        "reset by the source" => td_string!(locale, ending.reset),
        "the source said goodbye" => td_string!(locale, ending.goodbye),
        "logged out" => td_string!(locale, ending.logged_out),
        "closed after the answer" => td_string!(locale, ending.answered),
        "too many wrong passwords" | "wrong password" => td_string!(locale, ending.passwords),
        "no request in time" => td_string!(locale, ending.no_request),
        "open for too long" => td_string!(locale, ending.too_long),
        "a malformed request" => td_string!(locale, ending.malformed),
        _ => return None,
    })
}

/// Ports, with their protocols.
#[must_use]
pub fn ports(ports: &[Port]) -> String {
    let words: Vec<String> = ports
        .iter()
        .map(|port| format!("{}/{}", port.number, port.transport))
        .collect();
    words.join(" ")
}

/// How far an attacker can go.
#[must_use]
pub fn level(locale: Locale, level: Level) -> &'static str {
    match level {
        Level::Low => td_string!(locale, level.low),
        Level::Medium => td_string!(locale, level.medium),
        Level::High => td_string!(locale, level.high),
    }
}

/// A number with its thousands apart.
#[must_use]
pub fn number(locale: Locale, number: u64) -> String {
    let digits = number.to_string();
    let mark = match locale {
        Locale::en => ',',
        Locale::de => '.',
    };
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(mark);
        }
        out.push(digit);
    }
    out
}

/// A count that may go on.
#[must_use]
pub fn count(locale: Locale, count: skep_model::console::Count) -> String {
    let mut text = number(locale, count.number);
    if count.more {
        text.push('+');
    }
    text
}

/// A number of bytes.
#[must_use]
pub fn size(locale: Locale, bytes: u64) -> String {
    if bytes < 1024 {
        return td_string!(locale, bytes.count, count = bytes);
    }
    let mut unit = 1024;
    let mut name = "KB";
    for larger in ["MB", "GB", "TB"] {
        if bytes / unit < 1024 {
            break;
        }
        unit *= 1024;
        name = larger;
    }
    let tenths = u128::from(bytes) * 10 / u128::from(unit);
    let mark = match locale {
        Locale::en => '.',
        Locale::de => ',',
    };
    format!(
        "{}{mark}{} {name}",
        number(locale, (tenths / 10) as u64),
        tenths % 10
    )
}

/// A share of a whole in per cent.
#[must_use]
pub fn percent(locale: Locale, part: u64, whole: u64) -> String {
    let tenths = (part * 1000 + whole / 2).checked_div(whole).unwrap_or(0);
    match locale {
        Locale::en => format!("{}.{} %", tenths / 10, tenths % 10),
        Locale::de => format!("{},{} %", tenths / 10, tenths % 10),
    }
}

/// This machine's time.
#[must_use]
pub fn now() -> Timestamp {
    #[cfg(not(target_arch = "wasm32"))]
    {
        let since = std::time::SystemTime::now()
            .duration_since(std::time::UNIX_EPOCH)
            .unwrap_or_default();
        Timestamp(since.as_millis() as i64)
    }
    #[cfg(target_arch = "wasm32")]
    {
        Timestamp(js_sys::Date::now() as i64)
    }
}

/// What was done, as the audit log says it; a word that is not known here stays as it is.
pub fn audit_action(locale: Locale, action: &str) -> String {
    let word = match action {
        "archive" => td_string!(locale, audit.did.archive),
        "create" => td_string!(locale, audit.did.create),
        "deploy" => td_string!(locale, audit.did.deploy),
        "discard" => td_string!(locale, audit.did.discard),
        "edit" => td_string!(locale, audit.did.edit),
        "enrol again" => td_string!(locale, audit.did.enrol_again),
        "log in" => td_string!(locale, audit.did.log_in),
        "remove" => td_string!(locale, audit.did.remove),
        "renew" => td_string!(locale, audit.did.renew),
        "restore" => td_string!(locale, audit.did.restore),
        "retry" => td_string!(locale, audit.did.retry),
        "revoke" => td_string!(locale, audit.did.revoke),
        "set up" => td_string!(locale, audit.did.set_up),
        other => other,
    };
    word.to_owned()
}

/// To what kind of thing; a word that is not known here stays as it is.
pub fn audit_kind(locale: Locale, kind: &str) -> String {
    let word = match kind {
        "backup" => td_string!(locale, audit.thing.backup),
        "certificate" => td_string!(locale, audit.thing.certificate),
        "event" => td_string!(locale, audit.thing.event),
        "group" => td_string!(locale, audit.thing.group),
        "quarantine" => td_string!(locale, audit.thing.quarantine),
        "sensor" => td_string!(locale, audit.thing.sensor),
        "session" => td_string!(locale, audit.thing.session),
        "settings" => td_string!(locale, audit.thing.settings),
        "token" => td_string!(locale, audit.thing.token),
        "user" => td_string!(locale, audit.thing.user),
        other => other,
    };
    word.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_are_apart_as_each_language_does_it() {
        assert_eq!(number(Locale::en, 0), "0");
        assert_eq!(number(Locale::en, 999), "999");
        assert_eq!(number(Locale::en, 1_234_567), "1,234,567");
        assert_eq!(number(Locale::de, 10_000), "10.000");
    }

    #[test]
    fn one_byte_is_singular() {
        assert_eq!(size(Locale::en, 1), "1 byte");
        assert_eq!(size(Locale::en, 2), "2 bytes");
        assert_eq!(size(Locale::de, 1), "1 Byte");
        assert_eq!(size(Locale::de, 2048), "2,0 KB");
        assert_eq!(size(Locale::en, 1024 * 1024 - 1), "1,023.9 KB");
        assert_eq!(size(Locale::en, 10_868 * 1024), "10.6 MB");
        assert_eq!(size(Locale::en, u64::MAX), "16,777,215.9 TB");
    }

    #[test]
    fn a_share_is_rounded() {
        assert_eq!(percent(Locale::en, 1, 3), "33.3 %");
        assert_eq!(percent(Locale::de, 2, 3), "66,7 %");
        assert_eq!(percent(Locale::en, 0, 0), "0.0 %");
    }
}
