//! What stands in place of a page that cannot be had.

use leptos::prelude::*;

use crate::{
    components::{BarePage, Empty},
    preferences::use_locale,
    translations::{Locale, td_string},
    view::view,
};

/// Why a page cannot be had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Notice {
    /// There is none.
    Missing,
    /// The role does not allow it.
    Forbidden,
    /// The server is not set up, and somebody asks from another machine: the first to come would be its admin.
    SetUpElsewhere,
}

impl Notice {
    /// The window's title.
    pub(crate) fn title(self, locale: Locale) -> &'static str {
        match self {
            Self::Missing => td_string!(locale, missing.title),
            Self::Forbidden => td_string!(locale, missing.forbidden_title),
            Self::SetUpElsewhere => td_string!(locale, missing.set_up_title),
        }
    }

    /// Title, reason, and where to go instead.
    pub(crate) fn content(self, locale: Locale) -> impl IntoView {
        let text = match self {
            Self::Missing => td_string!(locale, missing.text),
            Self::Forbidden => td_string!(locale, missing.forbidden),
            Self::SetUpElsewhere => td_string!(locale, missing.set_up),
        };
        let way = (self != Self::SetUpElsewhere).then(|| {
            view! {
                <a class="btn" href="/">
                    {td_string!(locale, missing.back)}
                </a>
            }
        });
        view! {
            <h1 class="vh">{self.title(locale)}</h1>
            <Empty icon="search" title=self.title(locale) text=text>
                {way}
            </Empty>
        }
    }
}

/// There is no such page.
#[component]
pub fn NotFound() -> impl IntoView {
    let locale = use_locale();
    view! { <BarePage title=Notice::Missing.title(locale)>{Notice::Missing.content(locale)}</BarePage> }
}
