//! The open event beside the list.

use leptos::{html, prelude::*};
use skep_model::{console::EventDetail, ids::EventId};

use super::keys;
use crate::{
    answer::Answer,
    components::{Awaited, FailureNote, Icon, Loading, When},
    filter::Filter,
    pages::event::Glance,
    preferences::use_locale,
    translations::td_string,
    view::view,
};

/// The pane.
#[component]
pub fn Pane(
    /// Which event is open; nothing is shown while none is.
    open: Memo<Option<EventId>>,
    /// The event.
    detail: Answer<Option<EventDetail>>,
    /// The list that it stands beside.
    filter: Filter,
) -> impl IntoView {
    let list = filter.address();
    view! {
        <When holds=move || open.with(Option::is_some)>
            <Open open detail list=list.clone() />
        </When>
    }
}

#[component]
fn Open(
    open: Memo<Option<EventId>>,
    detail: Answer<Option<EventDetail>>,
    /// The address of the list without the pane.
    list: String,
) -> impl IntoView {
    let locale = use_locale();
    let pane = NodeRef::<html::Aside>::new();
    Effect::new(move |_| {
        // Where it covers the list, the reader is in it.
        let covers = window().match_media("(max-width: 999px)");
        if let Some(pane) = pane.get()
            && covers.is_ok_and(|media| media.is_some_and(|media| media.matches()))
        {
            let _ = pane.focus();
        }
    });
    let whole = move || open.get().map(|id| format!("/events/{id}"));
    let close = list.clone();
    let content = move || {
        let list = list.clone();
        Suspend::new(async move {
            match detail.await {
                Ok(Some(detail)) => view! { <Glance detail list /> },
                Ok(None) => ().into_any(),
                Err(failure) => view! { <FailureNote failure /> },
            }
        })
    };
    view! {
        <aside class="pane" node_ref=pane tabindex="-1" aria-label=td_string!(locale, events.pane)>
            <div class="pane-head">
                <button
                    type="button"
                    class="btn ghost icon s"
                    aria-label=td_string!(locale, events.newer)
                    title=td_string!(locale, events.newer)
                    on:click=|_| keys::turn(-1)
                >
                    <Icon name="up" small=true />
                </button>
                <button
                    type="button"
                    class="btn ghost icon s flip"
                    aria-label=td_string!(locale, events.older)
                    title=td_string!(locale, events.older)
                    on:click=|_| keys::turn(1)
                >
                    <Icon name="up" small=true />
                </button>
                <a class="btn ghost s end" href=whole>
                    {td_string!(locale, events.whole)}
                    <Icon name="right" small=true />
                </a>
                <a class="btn ghost icon s close" href=close data-noscroll on:click=|_| keys::back() aria-label=td_string!(locale, action.close)>
                    <Icon name="x" />
                </a>
            </div>
            <Awaited view=content before=Loading />
        </aside>
    }
}
