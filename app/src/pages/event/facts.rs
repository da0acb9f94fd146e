//! Who, where, when.

use leptos::prelude::*;

use super::Growing;
use crate::{
    components::{Time, TimeForm, duration},
    filter::{ANY, Filter},
    preferences::use_locale,
    translations::td_string,
    view::view,
};

/// The facts of an event in one line.
#[component]
pub fn Facts(event: Growing) -> impl IntoView {
    let locale = use_locale();
    let row = event.row.get_untracked();
    let source = row.source.to_string();
    let others = Filter {
        source: source.clone(),
        status: ANY.to_owned(),
        ..Filter::default()
    }
    .address();
    let ended = Memo::new(move |_| event.row.with(|row| row.ended_at));
    let started_at = row.started_at;
    let lasted = move |end: Option<_>| match end {
        Some(end) => duration(locale, end - started_at).into_any(),
        None => view! {
            <span class="badge green">
                <span class="still" aria-hidden="true"></span>
                {td_string!(locale, event.still_open)}
            </span>
        },
    };
    let place = row
        .source
        .is_private()
        .then(|| view! { " " <span class="asn">{td_string!(locale, events.private)}</span> });
    let country = row
        .country
        .map(|code| view! { " " <span class="cc">{code}</span> });
    view! {
        <dl class="facts">
            <div>
                <dt>{td_string!(locale, field.source)}</dt>
                <dd>
                    <a class="mono" href=others title=td_string!(locale, event.others)>
                        {source}
                    </a>
                    <span class="faint mono">{format!(":{}", row.source_port)}</span>
                    {place}
                    {country}
                </dd>
            </div>
            <div>
                <dt>{td_string!(locale, field.sensor)}</dt>
                <dd>{row.sensor.name} " " <span class="faint">{row.group.name}</span></dd>
            </div>
            <div>
                <dt>{td_string!(locale, field.service)}</dt>
                <dd>
                    {row.service.to_string()} " "
                    <span class="faint">{format!("{} {}", row.transport, row.target_port)}</span>
                </dd>
            </div>
            <div>
                <dt>{td_string!(locale, event.started)}</dt>
                <dd>
                    <Time at=started_at form=TimeForm::Exact />
                </dd>
            </div>
            <div>
                <dt>{td_string!(locale, event.lasted)}</dt>
                <dd>{move || lasted(ended.get())}</dd>
            </div>
        </dl>
    }
}
