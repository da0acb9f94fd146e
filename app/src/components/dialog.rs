//! A question that stands in front of the page, on the browser's own dialog.

use leptos::{html, prelude::*};

use super::When;
use crate::view::view;

/// Opens a dialog, in the next picture if it is not in the page yet: one that is made while it is wanted.
fn show(dialog: web_sys::HtmlDialogElement, open: RwSignal<bool>) {
    if dialog.show_modal().is_err() && open.try_get_untracked() == Some(true) {
        request_animation_frame(move || show(dialog, open));
    }
}

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
            show(dialog, open);
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
