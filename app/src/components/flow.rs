//! Views that come and go. Each does what its counterpart in Leptos does (`Show`, `Transition`), but is compiled
//! once and not once for each place that uses it, which is all to be downloaded.

use leptos::prelude::*;

use crate::view::view;

/// Shows its children as long as something holds.
#[component]
pub fn When(
    /// What must hold.
    #[prop(into)]
    holds: Signal<bool>,
    /// What is shown then.
    children: ChildrenFn,
) -> impl IntoView {
    let holds = Memo::new(move |_| holds.get());
    move || {
        if holds.get() {
            children()
        } else {
            ().into_any()
        }
    }
}

/// Shows what needs an answer of the server as soon as it is there, and keeps it while the next one is on the way.
#[component]
pub fn Awaited(
    /// The view; it is a [`Suspend`].
    #[prop(into)]
    view: ViewFn,
    /// What stands there before.
    #[prop(optional, into)]
    before: ViewFn,
) -> impl IntoView {
    view! {
        <Transition fallback=move || before.run()>{move || view.run()}</Transition>
    }
}
