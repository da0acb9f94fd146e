//! What stands where there is nothing yet.

use leptos::prelude::*;

use super::Icon;
use crate::view::view;

/// One line what is missing, one why it matters, and below them what to do.
#[component]
pub fn Empty(
    /// The icon.
    icon: &'static str,
    /// What is missing.
    title: &'static str,
    /// Why it matters, or how to change it.
    text: &'static str,
    /// What to do.
    #[prop(optional)]
    children: Option<Children>,
) -> impl IntoView {
    view! {
        <div class="empty">
            <Icon name=icon />
            <h2>{title}</h2>
            <p>{text}</p>
            {children.map(|children| children())}
        </div>
    }
}
