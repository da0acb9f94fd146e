//! The table of events: rows on a wide screen, cards on a narrow one.

use leptos::prelude::*;
use skep_model::{
    console::{Count, EventDetail, EventRow},
    ids::EventId,
};

use super::{
    Listing,
    facets::Facets,
    keys,
    list::{List, Row},
    pane::Pane,
    selection::{Actions, Pick, PickAll, Selection},
};
use crate::{
    answer::Answer,
    components::{ClassMark, Empty, Icon, SeverityMark, StatusMark, Summary, Time, When},
    filter::Filter,
    live,
    preferences::use_locale,
    translations::{Locale, td_string},
    view::view,
    words::{self, number},
};

/// The list of one page.
#[component]
pub fn EventTable(
    /// What the server sent.
    listing: Listing,
    /// What was asked for.
    filter: Filter,
    /// Whether rows can be chosen to work on them.
    pick: bool,
    /// Which event is open beside it.
    open: Memo<Option<EventId>>,
    /// That event.
    detail: Answer<Option<EventDetail>>,
) -> impl IntoView {
    let locale = use_locale();
    let selection = Selection::new();
    let ever = listing.ever;
    let list = List::new(listing.page, filter.clone());
    Effect::new(move |_| live::listen(move |message| list.hear(message)));
    keys::listen();

    let shown = Signal::derive(move || {
        let rows = list.rows.with(Vec::len) as u64;
        let total = list
            .tally
            .with(|tally| tally.as_ref().map(|tally| tally.total));
        shown_words(locale, rows, total)
    });
    let waiting = Signal::derive(move || {
        let count = list.waiting.with(Vec::len) as u64;
        td_string!(
            locale,
            events.waiting,
            count = count,
            n = number(locale, count)
        )
    });
    let said = Signal::derive(move || {
        let count = u64::from(list.arrived.get());
        (count > 0).then(|| {
            td_string!(
                locale,
                events.arrived,
                count = count,
                n = number(locale, count)
            )
        })
    });
    let nothing = {
        let is_default = filter.is_default();
        move || nothing(locale, ever, is_default)
    };
    let address = StoredValue::new(filter.clone());
    let line = move |row| view! { <Line row selection pick open address /> };
    view! {
        <Facets tally=list.tally filter=filter.clone() />
        <div class="split">
            <div class="list">
                <div class="listbar">
                    <p>{shown}</p>
                    <When holds=move || list.waiting.with(|waiting| !waiting.is_empty())>
                        <button type="button" class="newpill" on:click=move |_| list.show_waiting()>
                            <Icon name="up" small=true />
                            {waiting}
                        </button>
                    </When>
                    <p class="vh" role="status">
                        {said}
                    </p>
                </div>
                <table class="tbl ev" class:none=move || list.rows.with(Vec::is_empty)>
                    <caption class="vh">{td_string!(locale, events.caption)}</caption>
                    <Head pick=pick.then(|| view! { <PickAll selection list /> }) />
                    <tbody>
                        <For each=move || list.rows.get() key=|row| row.id children=line />
                    </tbody>
                </table>
                <When holds=move || list.rows.with(Vec::is_empty)>{nothing()}</When>
                <Pager list filter=filter.clone() selection pick />
            </div>
            <Pane open detail filter />
        </div>
    }
}

/// How many events are shown, and of how many.
fn shown_words(locale: Locale, shown: u64, total: Option<Count>) -> String {
    let n = number(locale, shown);
    let total = total.filter(|total| total.more || total.number > shown);
    if let Some(total) = total {
        td_string!(
            locale,
            events.shown_of,
            n = n,
            total = words::count(locale, total)
        )
    } else {
        td_string!(locale, events.shown, count = shown, n = n)
    }
}

/// The row of column names.
#[component]
fn Head(pick: Option<AnyView>) -> impl IntoView {
    let locale = use_locale();
    let pick = pick.map(|all| view! { <td class="c-pick">{all}</td> });
    view! {
        <thead>
            <tr>
                {pick}
                <th scope="col" class="c-time" aria-sort="descending">
                    {td_string!(locale, field.time)}
                </th>
                <th scope="col" class="c-sev">
                    <span class="w">{td_string!(locale, field.severity)}</span>
                </th>
                <th scope="col" class="c-sen">
                    {td_string!(locale, field.sensor)}
                </th>
                <th scope="col" class="c-grp">
                    {td_string!(locale, field.group)}
                </th>
                <th scope="col" class="c-srv">
                    {td_string!(locale, field.service)}
                </th>
                <th scope="col" class="c-cls">
                    {td_string!(locale, field.class)}
                </th>
                <th scope="col" class="c-src">
                    {td_string!(locale, field.source)}
                </th>
                <th scope="col" class="c-sum">
                    {td_string!(locale, field.summary)}
                </th>
                <th scope="col" class="c-st">
                    <span class="w">{td_string!(locale, field.status)}</span>
                </th>
            </tr>
        </thead>
    }
}

/// The way to newer and older events.
#[component]
fn Pager(list: List, filter: Filter, selection: Selection, pick: bool) -> impl IntoView {
    let locale = use_locale();
    let newer = filter.newer().map(|filter| filter.address());
    let older = move || list.next.get().map(|cursor| filter.older(cursor).address());
    let to_newer = move || {
        view! {
            <Icon name="left" small=true />
            {td_string!(locale, events.newer)}
        }
    };
    let to_older = move || {
        view! {
            {td_string!(locale, events.older)}
            <Icon name="right" small=true />
        }
    };
    view! {
        <div class="footbar">
            <Actions selection list />
            <p class="keyhints">
                <kbd>"j"</kbd> " " <kbd>"k"</kbd> " " {td_string!(locale, events.key_move)} " " <kbd>"Enter"</kbd> " " {td_string!(locale, events.key_open)}
                {pick.then(|| view! { " " <kbd>"x"</kbd> " " {td_string!(locale, events.key_choose)} })}
            </p>
            <nav aria-label=td_string!(locale, events.pages)>
                {match newer {
                    Some(address) => view! { <a class="btn s" href=address rel="prev">{to_newer()}</a> },
                    None => view! { <span class="btn s" aria-disabled="true">{to_newer()}</span> },
                }}
                {move || match older() {
                    Some(address) => view! { <a class="btn s" href=address rel="next">{to_older()}</a> },
                    None => view! { <span class="btn s" aria-disabled="true">{to_older()}</span> },
                }}
            </nav>
        </div>
    }
}

#[component]
fn Line(
    row: Row,
    selection: Selection,
    pick: bool,
    open: Memo<Option<EventId>>,
    /// The list that it stands in.
    address: StoredValue<Filter>,
) -> impl IntoView {
    let event = RwSignal::from(row.event);
    let fresh = RwSignal::from(row.fresh);
    let chosen = row.id;
    let id = row.id.to_string();
    let number = event.with_untracked(|event| event.number);
    let is_open = Memo::new(move |_| open.get() == Some(chosen));
    let pick = pick.then(|| {
        view! {
            <td class="c-pick">
                <Pick selection id=chosen number />
            </td>
        }
    });
    view! {
        <tr data-event=id data-new=move || fresh.get().then_some("") class:chosen=move || selection.has(chosen) class:open=move || is_open.get()>
            {pick}
            {move || cells(event.get(), address.with_value(|filter| filter.address_with(Some(chosen))), is_open)}
        </tr>
    }
}

fn cells(event: EventRow, address: String, is_open: Memo<bool>) -> AnyView {
    let locale = use_locale();
    let private = event
        .source
        .is_private()
        .then(|| view! { <span class="asn">{td_string!(locale, events.private)}</span> });
    let country = event
        .country
        .map(|code| view! { <span class="cc">{code}</span> });
    let open = event.ended_at.is_none().then(|| {
        view! { <span class="still" title=td_string!(locale, event.still_open)><span class="vh">{td_string!(locale, event.still_open)}</span></span> }
    });
    let times = (event.count > 1).then(|| view! { <span class="times">{format!("× {}", number(locale, event.count.into()))}</span> });
    view! {
        <td class="c-time">
            <Time at=event.started_at />
        </td>
        <td class="c-sev">
            <SeverityMark severity=event.severity />
        </td>
        <td class="c-sen">{event.sensor.name}</td>
        <td class="c-grp">{event.group.name}</td>
        <td class="c-srv">{event.service.to_string()}</td>
        <td class="c-cls">
            <ClassMark classification=event.classification />
        </td>
        <td class="c-src">
            <span class="mono">{event.source.to_string()}</span>
            {private}
            {country}
        </td>
        <td class="c-sum">
            <a href=address data-noscroll aria-current=move || is_open.get().then_some("true")>
                <Summary digest=event.digest />
            </a>
            {times}
            {open}
        </td>
        <td class="c-st">
            <StatusMark status=event.status />
        </td>
    }
}

/// What stands in place of rows: nothing was caught, nothing is left to do, or nothing fits.
fn nothing(locale: Locale, ever: bool, is_default: bool) -> AnyView {
    if !ever {
        view! {
            <Empty icon="sensors" title=td_string!(locale, events.none_title) text=td_string!(locale, events.none_text)>
                <code class="code">"ssh root@127.0.0.1 -p 2222"</code>
                <a class="btn" href="/sensors">
                    {td_string!(locale, nav.sensors)}
                </a>
            </Empty>
        }
    } else if is_default {
        view! {
            <Empty icon="running" title=td_string!(locale, events.done_title) text=td_string!(locale, events.done_text)>
                <a class="btn" href="/events?status=any">
                    {td_string!(locale, events.show_all)}
                </a>
            </Empty>
        }
    } else {
        view! {
            <Empty icon="search" title=td_string!(locale, events.no_match_title) text=td_string!(locale, events.no_match_text)>
                <a class="btn" href="/events">
                    {td_string!(locale, filter.clear)}
                </a>
            </Empty>
        }
    }
}
