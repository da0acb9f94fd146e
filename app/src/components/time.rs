//! Points in time: the server writes UTC, the browser its own zone; UTC stays in the title.

use leptos::prelude::*;
use skep_model::{Timestamp, time::DAY};

use wasm_bindgen::JsCast;

use crate::{
    preferences::{chosen_zone, use_locale},
    translations::{Locale, td_string},
    view::view,
};

/// Whether the page runs in the browser already. It turns true after hydration, so that the first text is the
/// same as the server's.
#[derive(Clone, Copy)]
pub struct Hydrated(pub RwSignal<bool>);

/// How much of a time to show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimeForm {
    /// The time of day, and the day unless it is today.
    Short,
    /// Day and time to the millisecond.
    Exact,
    /// The time of day to the millisecond.
    Millis,
    /// The hour.
    Hour,
}

/// The parts of a time in some zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Clock {
    year: i64,
    month: u32,
    day: u32,
    hour: u32,
    minute: u32,
    second: u32,
    milli: u32,
}

impl Clock {
    /// In UTC.
    #[must_use]
    pub fn utc(at: Timestamp) -> Self {
        let text = at.to_rfc3339();
        let part = |from: usize, to: usize| {
            text.get(from..to)
                .and_then(|part| part.parse().ok())
                .unwrap_or(0)
        };
        Self {
            year: i64::from(part(0, 4)),
            month: part(5, 7),
            day: part(8, 10),
            hour: part(11, 13),
            minute: part(14, 16),
            second: part(17, 19),
            milli: part(20, 23),
        }
    }

    /// In the zone that the reader chose, or else in the browser's.
    #[must_use]
    pub fn local(at: Timestamp) -> Self {
        if let Some(clock) = chosen_zone().and_then(|zone| Self::in_zone(at, &zone)) {
            return clock;
        }
        let date = js_sys::Date::new(&(at.0 as f64).into());
        Self {
            year: date.get_full_year().into(),
            month: date.get_month() + 1,
            day: date.get_date(),
            hour: date.get_hours(),
            minute: date.get_minutes(),
            second: date.get_seconds(),
            milli: date.get_milliseconds(),
        }
    }

    /// In a zone of the tz database; `None` when the browser does not know it.
    fn in_zone(at: Timestamp, zone: &str) -> Option<Self> {
        let options = js_sys::Object::new();
        js_sys::Reflect::set(&options, &"timeZone".into(), &zone.into()).ok()?;
        let date = js_sys::Date::new(&(at.0 as f64).into());
        let write: js_sys::Function = js_sys::Reflect::get(&date, &"toLocaleString".into())
            .ok()?
            .dyn_into()
            .ok()?;
        // Swedish writes `2026-11-21 13:05:09`, whatever the zone.
        let text = write
            .call2(&date, &"sv-SE".into(), &options)
            .ok()?
            .as_string()?;
        let part = |from: usize, to: usize| text.get(from..to)?.parse().ok();
        Some(Self {
            year: i64::from(part(0, 4)?),
            month: part(5, 7)?,
            day: part(8, 10)?,
            hour: part(11, 13)?,
            minute: part(14, 16)?,
            second: part(17, 19)?,
            milli: at.0.rem_euclid(1000) as u32,
        })
    }

    fn date(&self, locale: Locale) -> String {
        match locale {
            Locale::en => format!("{:04}-{:02}-{:02}", self.year, self.month, self.day),
            Locale::de => format!("{}.{}.{:04}", self.day, self.month, self.year),
        }
    }

    fn short_date(&self, locale: Locale) -> String {
        const MONTHS: [&str; 12] = [
            "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
        ];
        match locale {
            Locale::en => format!("{} {}", self.day, MONTHS[(self.month as usize + 11) % 12]),
            Locale::de => format!("{}.{}.", self.day, self.month),
        }
    }

    /// In words, as seen at `now`.
    #[must_use]
    pub fn show(&self, locale: Locale, form: TimeForm, now: Self) -> String {
        let Self {
            hour,
            minute,
            second,
            milli,
            ..
        } = self;
        match form {
            TimeForm::Hour => format!("{hour:02}:00"),
            TimeForm::Millis => format!("{hour:02}:{minute:02}:{second:02}.{milli:03}"),
            TimeForm::Exact => format!(
                "{}, {hour:02}:{minute:02}:{second:02}.{milli:03}",
                self.date(locale)
            ),
            TimeForm::Short
                if (self.year, self.month, self.day) == (now.year, now.month, now.day) =>
            {
                format!("{hour:02}:{minute:02}:{second:02}")
            }
            TimeForm::Short if self.year == now.year => {
                format!("{}, {hour:02}:{minute:02}", self.short_date(locale))
            }
            TimeForm::Short => self.date(locale),
        }
    }
}

/// A point in time.
#[component]
pub fn Time(
    /// When.
    at: Timestamp,
    /// How much of it.
    #[prop(default = TimeForm::Short)]
    form: TimeForm,
) -> impl IntoView {
    let locale = use_locale();
    let hydrated = expect_context::<Hydrated>().0;
    let utc = at.to_rfc3339();
    let title = utc
        .get(..23)
        .map(|text| format!("{} UTC", text.replace('T', " ")))
        .unwrap_or_default();
    let text = Signal::derive(move || {
        let now = crate::words::now();
        if hydrated.get() {
            Clock::local(at).show(locale, form, Clock::local(now))
        } else {
            Clock::utc(at).show(locale, form, Clock::utc(now))
        }
    });
    view! {
        <time datetime=utc title=title>
            {text}
        </time>
    }
}

/// How long something took, in words.
#[must_use]
pub fn duration(locale: Locale, millis: i64) -> String {
    let seconds = millis.max(0) / 1000;
    let decimal = |value: i64| match locale {
        Locale::en => format!("{}.{}", value / 10, value % 10),
        Locale::de => format!("{},{}", value / 10, value % 10),
    };
    if seconds < 10 {
        td_string!(locale, duration.seconds, n = decimal(millis.max(0) / 100))
    } else if seconds < 60 {
        td_string!(locale, duration.seconds, n = seconds)
    } else if seconds < 3600 {
        td_string!(locale, duration.minutes, m = seconds / 60, s = seconds % 60)
    } else if seconds < DAY / 1000 {
        td_string!(
            locale,
            duration.hours,
            h = seconds / 3600,
            m = seconds / 60 % 60
        )
    } else {
        td_string!(
            locale,
            duration.days,
            d = seconds / 86_400,
            h = seconds / 3600 % 24
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_of_today_is_only_a_time() {
        let at = Timestamp(1_795_257_667_214);
        let clock = Clock::utc(at);
        assert_eq!(
            clock.show(Locale::en, TimeForm::Short, clock),
            at.to_rfc3339()[11..19]
        );
        let tomorrow = Clock::utc(Timestamp(at.0 + DAY));
        assert!(
            clock
                .show(Locale::en, TimeForm::Short, tomorrow)
                .contains(' ')
        );
        assert_eq!(
            clock.show(Locale::en, TimeForm::Millis, clock),
            at.to_rfc3339()[11..23]
        );
    }

    #[test]
    fn durations_have_fitting_units() {
        assert_eq!(duration(Locale::en, 420), "0.4 s");
        assert_eq!(duration(Locale::de, 420), "0,4 s");
        assert_eq!(duration(Locale::en, 102_000), "1 min 42 s");
        assert_eq!(duration(Locale::en, -5), "0.0 s");
    }
}
