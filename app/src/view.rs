//! Views of one type.

/// Leptos' `view!`, but whatever stands in it, the outcome is an [`AnyView`](leptos::prelude::AnyView). What builds,
/// hydrates and updates a view is compiled once for each type of view, and the browser must load all of it.
macro_rules! view {
    ($($markup:tt)*) => {
        ::leptos::prelude::IntoAny::into_any(::leptos::view! { $($markup)* }.into_inner())
    };
}

pub(crate) use view;
