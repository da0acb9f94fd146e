//! What the container of an instance printed last.

use leptos::prelude::*;
use skep_model::{
    Bytes,
    ids::{InstanceId, SensorId},
    sensor::LogTail,
};

use crate::{
    components::{Attempt, Problem, RawText, Time, When},
    preferences::use_locale,
    server,
    translations::td_string,
    view::view,
};

/// The end of a container's log; its sensor is asked when somebody opens it.
#[component]
pub fn InstanceLog(
    /// Where it runs.
    sensor: SensorId,
    /// What runs there.
    instance: InstanceId,
) -> impl IntoView {
    let locale = use_locale();
    let attempt = Attempt::new();
    let tail = RwSignal::new(None::<LogTail>);
    let read = move || {
        attempt.run(server::instance_log(sensor, instance), move |lines| {
            tail.set(Some(lines));
        });
    };
    let asked = RwSignal::new(false);
    let opened = move |_| {
        if !asked.get_untracked() {
            asked.set(true);
            read();
        }
    };
    let waits =
        move || asked.get() && tail.with(Option::is_none) && attempt.failure.with(Option::is_none);
    let lines = move || {
        tail.get().map(|tail| {
            let all: Vec<&[u8]> = tail.lines.iter().map(|line| &line.0[..]).collect();
            let text = Bytes(all.join(&b'\n'));
            let nothing = tail.lines.is_empty();
            view! {
                <p class="hint">
                    <Time at=tail.at />
                    {nothing.then(|| format!(" {}", td_string!(locale, matrix.log_empty)))}
                </p>
                <div class="term" tabindex="0" role="group" aria-label=td_string!(locale, matrix.log)>
                    <RawText bytes=text />
                </div>
                <button type="button" class="btn s" on:click=move |_| read()>
                    {td_string!(locale, matrix.log_again)}
                </button>
            }
        })
    };
    view! {
        <details class="whole" on:toggle=opened>
            <summary>{td_string!(locale, matrix.log)}</summary>
            <When holds=waits>
                <p class="hint" role="status">{td_string!(locale, matrix.log_asked)}</p>
            </When>
            <Problem failure=attempt.failure />
            {lines}
        </details>
    }
}
