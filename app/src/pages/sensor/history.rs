//! How a sensor was over the last day, drawn.

use leptos::prelude::*;
use skep_model::{
    ids::SensorId,
    sensor::{Presence, SensorSample},
};

use crate::{
    answer::ask,
    components::{Awaited, FailureNote, Loading, PresenceMark, Time},
    preferences::use_locale,
    server,
    translations::{Locale, td_string},
    view::view,
    words::{number, size},
};

/// How far back it goes.
const HOURS: u32 = 24;
/// The drawing's own units.
const WIDTH: f64 = 240.0;
const HEIGHT: f64 = 48.0;
/// Samples of the table, the newest.
const LINES: usize = 60;

type Value = fn(&SensorSample) -> Option<u64>;
type Words = fn(Locale, u64) -> String;

/// Charts of memory, disk, queue and round trip, and the same as a table.
#[component]
pub fn History(id: SensorId) -> impl IntoView {
    let locale = use_locale();
    let samples = ask(move || id, move |id| server::sensor_history(id, HOURS));
    let content = move || {
        Suspend::new(async move {
            match samples.await {
                Ok(samples) if samples.len() < 2 => view! {
                    <p class="body muted">{td_string!(locale, sensor.no_history)}</p>
                },
                Ok(samples) => view! { <Charts samples /> },
                Err(failure) => view! { <FailureNote failure /> },
            }
        })
    };
    view! {
        <section class="panel" aria-labelledby="history">
            <header>
                <h2 id="history">{td_string!(locale, sensor.history)}</h2>
                <p>{td_string!(locale, dashboard.hours)}</p>
            </header>
            <Awaited view=content before=Loading />
        </section>
    }
}

#[component]
fn Charts(samples: Vec<SensorSample>) -> impl IntoView {
    let locale = use_locale();
    let millis: Words = |locale, value| format!("{} ms", number(locale, value));
    let charts: [(&'static str, Value, Words); 4] = [
        (td_string!(locale, sensor.memory), |s| s.memory, size),
        (td_string!(locale, sensor.disk), |s| s.disk_used, size),
        (td_string!(locale, sensor.queue), |s| s.queued, number),
        (
            td_string!(locale, sensor.round_trip),
            |s| s.round_trip.map(u64::from),
            millis,
        ),
    ];
    let drawn = charts
        .into_iter()
        .map(|(label, value, words)| chart(locale, &samples, label, value, words))
        .collect_view();
    let lines = samples
        .iter()
        .rev()
        .take(LINES)
        .map(|sample| {
            let text = |value: Option<u64>, words: Words| value.map(|value| words(locale, value));
            view! {
                <tr>
                    <td>
                        <Time at=sample.at />
                    </td>
                    <td>
                        <PresenceMark presence=sample.presence />
                    </td>
                    <td class="num">{text(sample.memory, size)}</td>
                    <td class="num">{text(sample.disk_used, size)}</td>
                    <td class="num">{text(sample.queued, number)}</td>
                    <td class="num">{text(sample.round_trip.map(u64::from), millis)}</td>
                </tr>
            }
        })
        .collect_view();
    view! {
        <div class="trends body">{drawn}</div>
        <details class="body">
            <summary>{td_string!(locale, dashboard.as_table)}</summary>
            <table class="tbl">
                <caption class="vh">{td_string!(locale, sensor.history)}</caption>
                <thead>
                    <tr>
                        <th scope="col">{td_string!(locale, field.time)}</th>
                        <th scope="col">{td_string!(locale, field.state)}</th>
                        <th scope="col" class="num">{td_string!(locale, sensor.memory)}</th>
                        <th scope="col" class="num">{td_string!(locale, sensor.disk)}</th>
                        <th scope="col" class="num">{td_string!(locale, sensor.queue)}</th>
                        <th scope="col" class="num">{td_string!(locale, sensor.round_trip)}</th>
                    </tr>
                </thead>
                <tbody>{lines}</tbody>
            </table>
        </details>
    }
}

/// One line over time. Where the sensor was offline, it is broken.
fn chart(
    locale: Locale,
    samples: &[SensorSample],
    label: &'static str,
    value: Value,
    words: Words,
) -> AnyView {
    let ends = samples
        .first()
        .zip(samples.last())
        .map(|(first, last)| (first.at, last.at));
    let known: Vec<u64> = samples.iter().filter_map(value).collect();
    let most = known.iter().copied().max().unwrap_or(0);
    let last = known.last().copied();
    let path = path(samples, value, most);
    let now = last.map(|value| words(locale, value)).unwrap_or_default();
    let peak = words(locale, most);
    let said = td_string!(
        locale,
        sensor.trend,
        label = label,
        now = now.as_str(),
        most = peak.as_str()
    );
    view! {
        <figure class="trend">
            <figcaption>
                <span>{label}</span>
                <b>{now}</b>
            </figcaption>
            <svg viewBox=format!("0 0 {WIDTH} {HEIGHT}") preserveAspectRatio="none" role="img" aria-label=said>
                <path class="trend-line" d=path vector-effect="non-scaling-stroke"></path>
            </svg>
            <p class="faint">
                {ends.map(|(first, _)| view! { <Time at=first /> })}
                <span>{td_string!(locale, sensor.most, most = peak)}</span>
                {ends.map(|(_, last)| view! { <Time at=last /> })}
            </p>
        </figure>
    }
}

fn path(samples: &[SensorSample], value: Value, most: u64) -> String {
    use std::fmt::Write;

    let (Some(first), Some(last)) = (samples.first(), samples.last()) else {
        return String::new();
    };
    let span = (last.at - first.at).max(1) as f64;
    let top = most.max(1) as f64;
    let mut path = String::new();
    let mut pen_down = false;
    for sample in samples {
        match value(sample) {
            Some(value) => {
                let x = (sample.at - first.at) as f64 / span * WIDTH;
                let y = HEIGHT - value as f64 / top * (HEIGHT - 2.0) - 1.0;
                let step = if pen_down { 'L' } else { 'M' };
                let _ = write!(path, "{step}{x:.1} {y:.1}");
                pen_down = true;
            }
            None if sample.presence == Presence::Offline => pen_down = false,
            None => {}
        }
    }
    path
}

#[cfg(test)]
mod tests {
    use skep_model::Timestamp;

    use super::*;

    fn sample(at: i64, memory: Option<u64>) -> SensorSample {
        SensorSample {
            at: Timestamp(at),
            presence: if memory.is_some() {
                Presence::Online
            } else {
                Presence::Offline
            },
            memory,
            disk_used: None,
            disk_total: None,
            queued: None,
            round_trip: None,
            uptime: None,
        }
    }

    #[test]
    fn the_line_is_broken_where_the_sensor_was_offline() {
        let samples = [
            sample(0, Some(0)),
            sample(10, Some(10)),
            sample(20, None),
            sample(40, Some(5)),
        ];
        assert_eq!(
            path(&samples, |s| s.memory, 10),
            "M0.0 47.0L60.0 1.0M240.0 24.0"
        );
    }
}
