//! Going through the list by keys: j and k to the next row and back, x to choose it, Enter to open it, Esc to close
//! what is open.

use leptos::{ev, prelude::*};
use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlElement, KeyboardEvent};

/// Listens as long as the list is there.
pub fn listen() {
    Effect::new(move |_| {
        let handle = window_event_listener(ev::keydown, |event| {
            if event.default_prevented() || is_elsewhere(&event) {
                return;
            }
            match event.key().as_str() {
                "j" => walk(1),
                "k" => walk(-1),
                "x" => click(current(), "input"),
                "Escape" if opened().is_some() => {
                    click(document().document_element(), ".pane .close");
                }
                _ => return,
            }
            event.prevent_default();
        });
        on_cleanup(move || handle.remove());
    });
}

/// Whether the key is meant for something else: a field, a dialog, a menu, the browser.
fn is_elsewhere(event: &KeyboardEvent) -> bool {
    let in_place = |target: Element| {
        let is = |what| target.closest(what).is_ok_and(|found| found.is_some());
        !is("body") || is("select, textarea, input:not([type=checkbox]), dialog, [open]")
    };
    event.ctrl_key()
        || event.meta_key()
        || event.alt_key()
        || event
            .target()
            .and_then(|target| target.dyn_into().ok())
            .is_some_and(in_place)
}

fn links() -> Vec<HtmlElement> {
    let Ok(found) = document().query_selector_all("tr[data-event] .c-sum a") else {
        return vec![];
    };
    (0..found.length())
        .filter_map(|place| found.get(place)?.dyn_into().ok())
        .collect()
}

fn row_of(element: &Element) -> Option<Element> {
    element.closest("tr[data-event]").ok().flatten()
}

/// The row that the reader is at: where the focus is, or what is open.
fn current() -> Option<Element> {
    document()
        .active_element()
        .and_then(|element| row_of(&element))
        .or_else(opened)
}

fn opened() -> Option<Element> {
    document().query_selector("tr.open").ok().flatten()
}

/// The row so far from the one that the reader is at.
fn beside(by: isize, at: Option<Element>) -> Option<HtmlElement> {
    let links = links();
    let at = at.and_then(|row| links.iter().position(|link| row.contains(Some(link))));
    let next = match at {
        Some(at) => at.saturating_add_signed(by),
        None => 0,
    };
    links.into_iter().nth(next)
}

/// Goes some rows down. What is open beside the list goes with it.
fn walk(by: isize) {
    if let Some(link) = beside(by, current()) {
        let _ = link.focus();
        if opened().is_some() {
            link.click();
        }
    }
}

/// Opens the event some rows below the one that is open.
pub fn turn(by: isize) {
    if let Some(link) = beside(by, opened()) {
        link.click();
    }
}

/// Goes to the row of what is open.
pub fn back() {
    if let Some(link) = beside(0, opened()) {
        let _ = link.focus();
    }
}

fn click(within: Option<Element>, what: &str) {
    let found = within.and_then(|within| within.query_selector(what).ok().flatten());
    if let Some(element) = found.and_then(|found| found.dyn_into::<HtmlElement>().ok()) {
        element.click();
    }
}
