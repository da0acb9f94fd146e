//! The table itself. However many sensors there are, it makes only the rows that are in sight.

use leptos::{ev, html, prelude::*};
use skep_model::service::ServiceView;
use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlElement};

use super::{
    board::{Board, Row, Share},
    cell::Cell,
};
use crate::{
    components::{PresenceMark, When},
    preferences::use_locale,
    translations::td_string,
    view::view,
    words::number,
};

/// The matrix.
#[component]
pub fn Grid(board: Board) -> impl IntoView {
    let locale = use_locale();
    let place = NodeRef::<html::Div>::new();
    let found = Memo::new(move |_| {
        let rows = board.found();
        rows.into_iter().map(|row| row.id).collect::<Vec<_>>()
    });
    // As high as the last row that there was: with another filter there may be none at the moment.
    let height = StoredValue::new(0.0);
    let see = move || {
        // The picture that it waited for may come after the page went.
        if height.is_disposed() {
            return;
        }
        if let Some(place) = place.get_untracked() {
            if let Ok(Some(row)) = place.query_selector("tbody tr.row") {
                height.set_value(f64::from(row.client_height()));
            }
            let row = height.get_value();
            board.see(place.scroll_top().into(), place.client_height().into(), row);
            keep_room(&place, board, found.with_untracked(Vec::len), row);
        }
    };
    // What is in sight changes by scrolling, by other rows, and by another size.
    Effect::new(move |_| {
        found.track();
        board.sight.track();
        // The rows are made by then.
        request_animation_frame(see);
    });
    let resized = window_event_listener(ev::resize, move |_| see());
    on_cleanup(move || resized.remove());
    let shown = move || {
        let rows = board.found();
        let (first, last) = board.in_sight(rows.len());
        rows.get(first..last).unwrap_or_default().to_vec()
    };
    let count = move || {
        let count = found.with(Vec::len) as u64;
        td_string!(
            locale,
            matrix.sensors,
            count = count,
            n = number(locale, count)
        )
    };
    let shares = Memo::new(move |_| board.shares());
    let heads = board.services.with_value(|services| {
        let head = |(place, service): (usize, &ServiceView)| {
            let share = Memo::new(move |_| shares.with(|shares| shares[place])).into();
            view! { <Head board service=service.clone() share /> }
        };
        services.iter().enumerate().map(head).collect_view()
    });
    view! {
        <div class="matrix" node_ref=place on:scroll=move |_| see() on:keydown=move |event| walk(&event)>
            <table>
                <caption class="vh">{td_string!(locale, matrix.title)}</caption>
                <thead>
                    <tr>
                        <th scope="col" class="sensor-name">
                            {count}
                        </th>
                        <When holds=move || board.editing.get()>
                            <th scope="col" class="all">
                                {td_string!(locale, matrix.all)}
                            </th>
                        </When>
                        {heads}
                    </tr>
                </thead>
                <tbody>
                    <tr class="room before" aria-hidden="true"></tr>
                    <For each=shown key=|row| row.id children=move |row| view! { <Line board row /> } />
                    <tr class="room after" aria-hidden="true"></tr>
                </tbody>
            </table>
        </div>
    }
}

/// The rows that are not made take up their room all the same, so that the scroll bar is right. The content policy
/// allows no `style` in the document; it allows this.
fn keep_room(place: &HtmlElement, board: Board, rows: usize, height: f64) {
    let (first, last) = untrack(|| board.in_sight(rows));
    let hidden = [(".room.before", first), (".room.after", rows - last)];
    for (selector, count) in hidden {
        let room = place.query_selector(selector).ok().flatten();
        if let Some(room) = room.and_then(|room| room.dyn_into::<HtmlElement>().ok()) {
            let pixels = format!("{}px", count as f64 * height);
            let _ = room.style().set_property("height", &pixels);
        }
    }
}

/// A column's name; ticking it is ticking all of its cells.
#[component]
fn Head(board: Board, service: ServiceView, share: Signal<Share>) -> impl IntoView {
    let locale = use_locale();
    let word = service.name.to_string();
    let label = td_string!(locale, matrix.column, service = word.as_str());
    let (title, revision) = (
        service.description.clone(),
        format!("r{}", service.revision),
    );
    let service = StoredValue::new(service);
    let tick = move |all: bool| service.with_value(|service| board.want(service, all, |_| None));
    view! {
        <th scope="col" title=title lang="en">
            <span class="name">{word}</span>
            <span class="faint">{revision}</span>
            <When holds=move || board.editing.get()>
                <Tick label=label.clone() share tick />
            </When>
        </th>
    }
}

/// A box that stands for several cells.
#[component]
fn Tick(
    #[prop(into)] label: Signal<String>,
    #[prop(into)] share: Signal<Share>,
    tick: impl Fn(bool) + Send + Sync + 'static,
) -> impl IntoView {
    view! {
        <input
            type="checkbox"
            aria-label=label
            prop:checked=move || share.get().all()
            prop:indeterminate=move || share.get().some()
            on:change=move |_| tick(!share.get_untracked().all())
        />
    }
}

/// A sensor's row.
#[component]
fn Line(board: Board, row: Row) -> impl IntoView {
    let locale = use_locale();
    let id = row.id;
    let sensor = RwSignal::from(row.sensor);
    let cells = board.services.with_value(|services| {
        let cell = |service: &ServiceView| {
            let place = (id, service.name.clone());
            view! { <Cell board sensor place /> }
        };
        services.iter().map(cell).collect_view()
    });
    let chosen = move || board.chosen.with(|chosen| chosen.contains(&id));
    let choose = move |_| {
        board.chosen.update(|chosen| {
            if !chosen.remove(&id) {
                chosen.insert(id);
            }
        });
    };
    let label = move || {
        sensor.with(|sensor| td_string!(locale, matrix.choose, name = sensor.name.as_str()))
    };
    let every =
        move || sensor.with(|sensor| td_string!(locale, matrix.row, name = sensor.name.as_str()));
    let share = Memo::new(move |_| sensor.with(|sensor| board.share(sensor)));
    let tick = move |all| sensor.with_untracked(|sensor| board.want_all(sensor, all));
    let about = move || {
        sensor.with(|sensor| {
            let address = sensor.address.map(|address| address.to_string());
            let parts = [Some(sensor.group.name.clone()), address];
            parts.into_iter().flatten().collect::<Vec<_>>().join(" · ")
        })
    };
    view! {
        <tr class="row" class:chosen=chosen data-sensor=id.to_string()>
            <th scope="row" class="sensor-name">
                <When holds=move || board.editing.get()>
                    <input type="checkbox" aria-label=label prop:checked=chosen on:change=choose />
                </When>
                {move || view! { <PresenceMark presence=sensor.with(|sensor| sensor.presence) /> }}
                <a href=format!("/sensors/{id}")>{move || sensor.with(|sensor| sensor.name.clone())}</a>
                <span class="faint">{about}</span>
            </th>
            <When holds=move || board.editing.get()>
                <td class="all" data-l=td_string!(locale, matrix.all)>
                    <Tick label=Signal::derive(every) share tick />
                </td>
            </When>
            {cells}
        </tr>
    }
}

/// The arrow keys lead from cell to cell: a matrix has too many for the tabulator.
fn walk(event: &ev::KeyboardEvent) {
    let (down, right) = match event.key().as_str() {
        "ArrowDown" => (1, 0),
        "ArrowUp" => (-1, 0),
        "ArrowRight" => (0, 1),
        "ArrowLeft" => (0, -1),
        _ => return,
    };
    let cell = event.target().and_then(|target| {
        let element: Element = target.dyn_into().ok()?;
        element.closest("td, th").ok()?
    });
    let next = cell.and_then(|cell| {
        let row = cell.parent_element()?;
        let column = (0..row.children().length())
            .find(|index| row.children().item(*index).as_ref() == Some(&cell))?;
        let row = match down {
            1 => row.next_element_sibling()?,
            -1 => row.previous_element_sibling()?,
            _ => row,
        };
        let cell = row.children().item(column.checked_add_signed(right)?)?;
        cell.query_selector("button, a, input")
            .ok()??
            .dyn_into::<HtmlElement>()
            .ok()
    });
    if let Some(next) = next {
        event.prevent_default();
        let _ = next.focus();
    }
}
