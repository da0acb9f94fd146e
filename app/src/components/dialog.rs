//! A question that stands in front of the page, on the browser's own dialog.

use leptos::{html, prelude::*};

use super::When;
use crate::view::view;

/// A modal dialog; it is open while `open` says so. Esc closes it, and focus returns to where it was.
#[component]
pub fn Dialog(
    /// Whether it is open.
    open: RwSignal<bool>,
    /// The id of its heading, which names it.
    labelled_by: &'static str,
    /// What stands in it.
    children: ChildrenFn,
) -> impl IntoView {
    let element = NodeRef::<html::Dialog>::new();
    Effect::new(move |_| {
        let Some(dialog) = element.get() else { return };
        if open.get() && !dialog.open() {
            let _ = dialog.show_modal();
        } else if !open.get() && dialog.open() {
            dialog.close();
        }
    });
    view! {
        <dialog class="dialog" node_ref=element aria-labelledby=labelled_by on:close=move |_| open.set(false)>
            <When holds=move || open.get()>{children()}</When>
        </dialog>
    }
}
