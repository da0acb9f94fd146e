//! What was just done, said in passing, with the way back.

use std::time::Duration;

use leptos::prelude::*;

use super::Icon;
use crate::{preferences::use_locale, translations::td_string, view::view};

/// How long it stands there.
const SHOWN: Duration = Duration::from_secs(8);

/// Where pages say what was done, as a context.
#[derive(Clone, Copy)]
pub struct Toasts {
    now: RwSignal<Option<Toast>>,
    /// Tells toasts apart, so that an older one's time does not end a newer one.
    number: StoredValue<u32>,
}

#[derive(Clone)]
struct Toast {
    text: String,
    undo: Option<Callback<()>>,
}

impl Toasts {
    /// Nothing was done yet.
    #[must_use]
    pub fn new() -> Self {
        Self {
            now: RwSignal::new(None),
            number: StoredValue::new(0),
        }
    }

    /// Says what was done, and offers to undo it.
    pub fn say(self, text: String, undo: impl Fn() + Send + Sync + 'static) {
        self.show(text, Some(Callback::new(move |()| undo())));
    }

    /// Says what was done.
    pub fn tell(self, text: String) {
        self.show(text, None);
    }

    fn show(self, text: String, undo: Option<Callback<()>>) {
        self.now.set(Some(Toast { text, undo }));
        self.hold();
        self.end_later();
    }

    fn end_later(self) {
        let number = self.number.get_value();
        let end = move || {
            if self.number.try_get_value() == Some(number) {
                self.now.set(None);
            }
        };
        set_timeout(end, SHOWN);
    }

    /// It stays as long as somebody is at it.
    fn hold(self) {
        self.number.update_value(|number| *number += 1);
    }
}

/// The toast, above the page.
#[component]
pub fn ToastPlace() -> impl IntoView {
    let locale = use_locale();
    let toasts = expect_context::<Toasts>();
    let toast = move || {
        toasts.now.get().map(|toast| {
            let undo = toast.undo.map(|undo| {
                let clicked = move |_| {
                    toasts.now.set(None);
                    undo.run(());
                };
                view! {
                    <button type="button" class="btn s" on:click=clicked>
                        {td_string!(locale, action.undo)}
                    </button>
                }
            });
            view! {
                <div
                    class="toast"
                    on:mouseenter=move |_| toasts.hold()
                    on:mouseleave=move |_| toasts.end_later()
                    on:focusin=move |_| toasts.hold()
                    on:focusout=move |_| toasts.end_later()
                >
                    <Icon name="running" small=true />
                    <span>{toast.text}</span>
                    {undo}
                </div>
            }
        })
    };
    view! {
        <div class="toasts" role="status">
            {toast}
        </div>
    }
}
