//! The filters above the list. They are a plain form whose fields are the address.

use leptos::{ev, prelude::*};
use leptos_router::{
    NavigateOptions,
    hooks::{use_navigate, use_query_map},
};
use skep_model::{Classification, Severity, Status};
use wasm_bindgen::JsCast;
use web_sys::{FormData, HtmlFormElement};

use crate::{
    answer::ask,
    components::{Awaited, Icon, When},
    filter::{ANY, ARCHIVE, Filter},
    preferences::use_locale,
    server,
    translations::{Locale, td_string},
    view::view,
    words,
};

type Choice = (String, String);

fn any(locale: Locale) -> Choice {
    (String::new(), td_string!(locale, filter.any).to_owned())
}

/// The statuses to choose from. Without a choice live events are those not done with, and archived ones are all.
fn statuses(locale: Locale, archived: bool) -> Vec<Choice> {
    let mut choices = if archived {
        vec![any(locale)]
    } else {
        vec![
            (String::new(), td_string!(locale, filter.open).to_owned()),
            (ANY.to_owned(), td_string!(locale, filter.any).to_owned()),
        ]
    };
    choices.extend(Status::ALL.iter().map(|status| {
        (
            status.to_string(),
            words::status(locale, *status).to_owned(),
        )
    }));
    choices
}

/// The choices that are the same everywhere.
struct Usual {
    datasets: Vec<Choice>,
    classifications: Vec<Choice>,
    severities: Vec<Choice>,
    periods: Vec<Choice>,
}

impl Usual {
    fn new(locale: Locale) -> Self {
        let classifications = std::iter::once(any(locale))
            .chain(Classification::ALL.iter().rev().map(|value| {
                (
                    value.to_string(),
                    words::classification(locale, *value).to_owned(),
                )
            }))
            .collect::<Vec<_>>();
        let severities = [
            any(locale),
            (
                "critical,high".to_owned(),
                td_string!(locale, filter.urgent).to_owned(),
            ),
        ]
        .into_iter()
        .chain(Severity::ALL.iter().rev().map(|value| {
            (
                value.to_string(),
                words::severity(locale, *value).to_owned(),
            )
        }))
        .collect::<Vec<_>>();
        let periods = vec![
            any(locale),
            ("1h".to_owned(), td_string!(locale, filter.hour).to_owned()),
            ("24h".to_owned(), td_string!(locale, filter.day).to_owned()),
            ("7d".to_owned(), td_string!(locale, filter.week).to_owned()),
            (
                "30d".to_owned(),
                td_string!(locale, filter.month).to_owned(),
            ),
        ];
        Self {
            datasets: vec![
                (String::new(), td_string!(locale, filter.live).to_owned()),
                (
                    ARCHIVE.to_owned(),
                    td_string!(locale, filter.archive).to_owned(),
                ),
            ],
            classifications,
            severities,
            periods,
        }
    }
}

/// The filter form.
#[component]
pub fn Filters(
    /// What the address says.
    filter: Memo<Filter>,
) -> impl IntoView {
    let locale = use_locale();
    let sensors = ask(|| (), |()| server::sensors());
    let services = ask(|| (), |()| server::services());
    let navigate = use_navigate();
    let address = use_query_map();
    // Leaves out what means nothing, so that an address is worth sharing.
    let go = move |form: &HtmlFormElement| {
        let Ok(data) = FormData::new_with_form(form) else {
            return;
        };
        let text = |name: &str| data.get(name).as_string().unwrap_or_default();
        let chosen = Filter {
            dataset: text("dataset"),
            status: text("status"),
            classification: text("classification"),
            severity: text("severity"),
            sensor: text("sensor"),
            service: text("service"),
            source: text("source").trim().to_owned(),
            since: text("since"),
            ..Filter::default()
        };
        let wanted = chosen.address();
        if wanted != format!("/events{}", address.get_untracked().to_query_string()) {
            navigate(&wanted, NavigateOptions::default());
        }
    };
    let submitted = {
        let go = go.clone();
        move |event: ev::SubmitEvent| {
            event.prevent_default();
            if let Some(form) = event.target().and_then(|target| target.dyn_into().ok()) {
                go(&form);
            }
        }
    };
    let changed = move |event: ev::Event| {
        if let Some(form) = form_of(&event) {
            go(&form);
        }
    };
    let any = move || any(locale);
    let usual = Usual::new(locale);
    let archived = Memo::new(move |_| filter.with(Filter::archived));
    let of_the_net = move || {
        Suspend::new(async move {
            let mut names = vec![any()];
            names.extend(
                sensors
                    .await
                    .unwrap_or_default()
                    .into_iter()
                    .map(|sensor| (sensor.id.to_string(), sensor.name)),
            );
            let mut kinds = vec![any()];
            kinds.extend(
                services
                    .await
                    .unwrap_or_default()
                    .into_iter()
                    .map(|name| (name.to_string(), name.to_string())),
            );
            view! {
                <Select name="sensor" label=td_string!(locale, field.sensor) choices=names current=move || filter.with(|f| f.sensor.clone()) />
                <Select name="service" label=td_string!(locale, field.service) choices=kinds current=move || filter.with(|f| f.service.clone()) />
            }
        })
    };
    view! {
        <form class="filters" method="get" action="/events" role="search" on:submit=submitted on:change=changed>
            <Select name="dataset" label=td_string!(locale, filter.dataset) choices=usual.datasets current=move || filter.with(|f| f.dataset.clone()) />
            {move || {
                let choices = statuses(locale, archived.get());
                view! {
                    <Select name="status" label=td_string!(locale, field.status) choices current=move || filter.with(|f| f.status.clone()) />
                }
            }}
            <Select name="severity" label=td_string!(locale, field.severity) choices=usual.severities current=move || filter.with(|f| f.severity.clone()) />
            <Select name="classification" label=td_string!(locale, field.classification) choices=usual.classifications current=move || filter.with(|f| f.classification.clone()) />
            <Awaited view=of_the_net />
            <Source filter />
            <Select name="since" label=td_string!(locale, field.since) choices=usual.periods current=move || filter.with(|f| f.since.clone()) />
            <div class="filter-acts">
                <button type="submit" class="btn">
                    {td_string!(locale, filter.apply)}
                </button>
                <When holds=move || filter.with(|filter| !filter.is_default())>
                    <a class="btn ghost" href="/events">
                        {td_string!(locale, filter.clear)}
                    </a>
                </When>
            </div>
        </form>
    }
}

/// The form that a field stands in.
fn form_of(event: &ev::Event) -> Option<HtmlFormElement> {
    let field: web_sys::Element = event.target()?.dyn_into().ok()?;
    field.closest("form").ok()??.dyn_into().ok()
}

/// The field for the source: an address, or a word of help.
#[component]
fn Source(filter: Memo<Filter>) -> impl IntoView {
    let locale = use_locale();
    let wrong_source = move || filter.with(|filter| !filter.source_fits());
    view! {
        <div class="field">
            <label for="f-source">{td_string!(locale, field.source)}</label>
            <input
                class="input mono"
                id="f-source"
                name="source"
                type="text"
                autocomplete="off"
                spellcheck="false"
                placeholder="192.0.2.0/24"
                value=filter.with_untracked(|filter| filter.source.clone())
                prop:value=move || filter.with(|filter| filter.source.clone())
                aria-invalid=move || wrong_source().then_some("true")
                aria-describedby=move || wrong_source().then_some("f-source-error")
            />
            {move || {
                wrong_source()
                    .then(|| {
                        view! {
                            <p class="err" id="f-source-error" role="alert">
                                <Icon name="failed" small=true />
                                {td_string!(locale, filter.no_address)}
                            </p>
                        }
                    })
            }}
        </div>
    }
}

/// A choice of one value. A value of the address that is none of the usual ones is offered, too.
#[component]
fn Select(
    /// The field's name.
    name: &'static str,
    /// Its label.
    label: &'static str,
    /// Values with their words.
    mut choices: Vec<Choice>,
    /// The value now.
    #[prop(into)]
    current: Signal<String>,
) -> impl IntoView {
    let unusual = current.get_untracked();
    if !choices.iter().any(|(value, _)| *value == unusual) {
        choices.push((unusual.clone(), unusual));
    }
    let id = format!("f-{name}");
    let options = choices
        .into_iter()
        .map(|(value, word)| {
            let now = current.get_untracked() == value;
            let wanted = value.clone();
            view! {
                <option value=value selected=now prop:selected=move || current.with(|current| *current == wanted)>
                    {word}
                </option>
            }
        })
        .collect_view();
    view! {
        <div class="field">
            <label for=id.clone()>{label}</label>
            <select class="select" id=id name=name class:set=move || current.with(|current| !current.is_empty())>
                {options}
            </select>
        </div>
    }
}
