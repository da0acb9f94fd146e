//! What becomes of the events of something that is removed.

use leptos::prelude::*;

use crate::{preferences::use_locale, translations::td_string, view::view};

/// Archive or remove, as two radio buttons named `fate`.
#[component]
pub fn FateChoice(
    /// Whether the asker may remove events at all.
    may_remove: bool,
) -> impl IntoView {
    let locale = use_locale();
    view! {
        <fieldset class="checks">
            <legend>{td_string!(locale, fate.label)}</legend>
            <div>
                <label class="check">
                    <input type="radio" name="fate" value="archive" checked=true />
                    <span>{td_string!(locale, fate.archive)}</span>
                </label>
                {may_remove
                    .then(|| {
                        view! {
                            <label class="check">
                                <input type="radio" name="fate" value="remove" />
                                <span>{td_string!(locale, fate.remove)}</span>
                            </label>
                        }
                    })}
            </div>
        </fieldset>
    }
}
