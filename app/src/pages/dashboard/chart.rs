//! The last 24 hours, drawn: stacked bars by hour, and the split by classification.

use leptos::prelude::*;
use skep_model::{Classification, console::HourCount};

use crate::{
    components::{Time, TimeForm, class_name},
    preferences::use_locale,
    translations::td_string,
    view::view,
    words::{self, number, percent},
};

/// The order in which bars are stacked, from the axis up.
const STACK: [Classification; 5] = [
    Classification::Connection,
    Classification::Scan,
    Classification::Honeypot,
    Classification::Icmp,
    Classification::Unknown,
];
/// The plot's height in its own units; its width is ten per hour.
const HEIGHT: f64 = 100.0;

fn count(hour: &HourCount, classification: Classification) -> u64 {
    Classification::ALL
        .iter()
        .position(|other| *other == classification)
        .and_then(|place| hour.counts.get(place))
        .copied()
        .unwrap_or(0)
}

fn total(hours: &[HourCount], classification: Classification) -> u64 {
    hours.iter().map(|hour| count(hour, classification)).sum()
}

/// The next number that an axis can well end on, a multiple of four of one digit and noughts.
fn ceiling(most: u64) -> u64 {
    let mut step = 1;
    loop {
        for nice in [4, 8, 12, 20, 40] {
            if most <= nice * step {
                return nice * step;
            }
        }
        step *= 10;
    }
}

/// Grid lines and bars.
fn plot(hours: &[HourCount], top: u64) -> impl IntoView + use<> {
    let bars = hours
        .iter()
        .enumerate()
        .map(|(place, hour)| {
            let mut y = HEIGHT;
            STACK
                .iter()
                .filter_map(|class| {
                    let height = count(hour, *class) as f64 / top as f64 * HEIGHT;
                    y -= height;
                    (height > 0.0).then(|| {
                        view! {
                            <rect
                                class=class_name(*class)
                                x=(place as f64 * 10.0 + 1.0).to_string()
                                y=format!("{y:.2}")
                                width="8"
                                height=format!("{height:.2}")
                            ></rect>
                        }
                    })
                })
                .collect_view()
        })
        .collect_view();
    let lines = (0..=4)
        .map(|line| {
            let y = (f64::from(line) * HEIGHT / 4.0).to_string();
            let width = (hours.len() * 10).to_string();
            view! { <line class="grid-l" x1="0" x2=width y1=y.clone() y2=y></line> }
        })
        .collect_view();
    view! {
        {lines}
        {bars}
    }
}

/// Events per hour, stacked by classification, and the same as a table.
#[component]
pub fn Hours(hours: Vec<HourCount>) -> impl IntoView {
    let locale = use_locale();
    let top = ceiling(
        hours
            .iter()
            .map(|hour| hour.counts.iter().sum())
            .max()
            .unwrap_or(0),
    );
    let present: Vec<Classification> = STACK
        .iter()
        .copied()
        .filter(|class| total(&hours, *class) > 0)
        .collect();
    let plot = plot(&hours, top);
    let scale = (0..=4)
        .rev()
        .map(|line| view! { <span>{number(locale, top / 4 * line)}</span> })
        .collect_view();
    let legend = present
        .iter()
        .map(|class| {
            let href = format!("/events?classification={class}&since=24h&status=any");
            view! {
                <li>
                    <a href=href>
                        <svg class="k" viewBox="0 0 10 10" aria-hidden="true">
                            <rect class=class_name(*class) width="10" height="10" rx="2"></rect>
                        </svg>
                        {words::classification(locale, *class)}
                        " "
                        {number(locale, total(&hours, *class))}
                    </a>
                </li>
            }
        })
        .collect_view();
    let ticks = hours
        .iter()
        .step_by(4)
        .map(|hour| {
            view! {
                <span>
                    <Time at=hour.start form=TimeForm::Hour />
                </span>
            }
        })
        .collect_view();
    let all: u64 = STACK.iter().map(|class| total(&hours, *class)).sum();
    let label = td_string!(
        locale,
        dashboard.chart,
        count = all,
        n = number(locale, all)
    );
    let width = hours.len() * 10;
    view! {
        <section class="panel g8" aria-labelledby="hours">
            <header>
                <h2 id="hours">{td_string!(locale, dashboard.hours)}</h2>
                <p>{td_string!(locale, dashboard.per_hour)}</p>
            </header>
            <div class="body">
                <ul class="legend">{legend}</ul>
                <div class="chart">
                    <div class="y" aria-hidden="true">
                        {scale}
                    </div>
                    <div class="plot">
                        <svg class="p" role="img" aria-label=label viewBox=format!("0 0 {width} 100") preserveAspectRatio="none">
                            {plot}
                        </svg>
                    </div>
                    <div class="x" aria-hidden="true">
                        {ticks}
                        <span>{td_string!(locale, dashboard.now)}</span>
                    </div>
                </div>
                <details class="astable">
                    <summary>{td_string!(locale, dashboard.as_table)}</summary>
                    <div class="scroll" tabindex="0" role="group" aria-labelledby="hours">
                        <HourTable hours present />
                    </div>
                </details>
            </div>
        </section>
    }
}

/// The same numbers as a table, newest hour first.
#[component]
fn HourTable(hours: Vec<HourCount>, present: Vec<Classification>) -> impl IntoView {
    let locale = use_locale();
    let columns = present
        .iter()
        .map(|class| view! { <th scope="col" class="num">{words::classification(locale, *class)}</th> })
        .collect_view();
    let rows = hours
        .iter()
        .rev()
        .map(|hour| {
            let cells = present
                .iter()
                .map(|class| view! { <td class="num">{number(locale, count(hour, *class))}</td> })
                .collect_view();
            view! {
                <tr>
                    <th scope="row">
                        <Time at=hour.start form=TimeForm::Hour />
                    </th>
                    {cells}
                </tr>
            }
        })
        .collect_view();
    view! {
        <table class="tbl">
            <thead>
                <tr>
                    <th scope="col">{td_string!(locale, dashboard.hour)}</th>
                    {columns}
                </tr>
            </thead>
            <tbody>{rows}</tbody>
        </table>
    }
}

/// Which share each classification has.
#[component]
pub fn Split(hours: Vec<HourCount>) -> impl IntoView {
    let locale = use_locale();
    let whole: u64 = STACK.iter().map(|class| total(&hours, *class)).sum();
    let mut x = 0.0;
    let shares = STACK
        .iter()
        .filter(|_| whole > 0)
        .map(|class| {
            let width = total(&hours, *class) as f64 / whole as f64 * 100.0;
            let at = x;
            x += width;
            view! {
                <rect class=class_name(*class) x=format!("{at:.2}") y="0" width=format!("{width:.2}") height="12"></rect>
            }
        })
        .collect_view();
    let rows = STACK
        .iter()
        .map(|class| {
            let count = total(&hours, *class);
            view! {
                <tr>
                    <th scope="row">
                        <a href=format!("/events?classification={class}&since=24h&status=any")>
                            <svg class="k" viewBox="0 0 10 10" aria-hidden="true">
                                <rect class=class_name(*class) width="10" height="10" rx="2"></rect>
                            </svg>
                            {words::classification(locale, *class)}
                        </a>
                    </th>
                    <td class="num">{number(locale, count)}</td>
                    <td class="num faint">{percent(locale, count, whole)}</td>
                </tr>
            }
        })
        .collect_view();
    view! {
        <section class="panel g4" aria-labelledby="split">
            <header>
                <h2 id="split">{td_string!(locale, field.classification)}</h2>
                <p>{td_string!(locale, dashboard.day)}</p>
            </header>
            <div class="body">
                <svg class="split" viewBox="0 0 100 12" preserveAspectRatio="none" aria-hidden="true">
                    <rect class="f-line" width="100" height="12"></rect>
                    {shares}
                </svg>
                <table class="tbl plain">
                    <thead class="vh">
                        <tr>
                            <th scope="col">{td_string!(locale, field.classification)}</th>
                            <th scope="col">{td_string!(locale, nav.events)}</th>
                            <th scope="col">{td_string!(locale, dashboard.share)}</th>
                        </tr>
                    </thead>
                    <tbody>{rows}</tbody>
                </table>
            </div>
        </section>
    }
}

#[cfg(test)]
mod tests {
    use super::ceiling;

    #[test]
    fn an_axis_ends_on_a_number_that_four_divides() {
        for (most, end) in [
            (0, 4),
            (4, 4),
            (5, 8),
            (13, 20),
            (41, 80),
            (90, 120),
            (223, 400),
            (1_000, 1_200),
        ] {
            assert_eq!(ceiling(most), end, "{most}");
            assert_eq!(ceiling(most) % 4, 0);
        }
    }
}
