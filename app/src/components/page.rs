//! The frame of a page: top bar and content, or neither.

use leptos::{html, prelude::*};
use leptos_i18n::Locale as _;
use leptos_meta::Title;

use super::{Awaited, Icon, When};
use crate::{
    jump::JumpButton,
    live::{Live, LiveState},
    preferences::{switch_language, switch_theme, use_locale},
    server::LogOut,
    translations::{Locale, td_string},
    view::view,
    words,
};

/// A page within the shell.
#[component]
pub fn Page(
    /// The window's title.
    title: &'static str,
    /// What stands at the left of the top bar: the heading, or the way here.
    heading: AnyView,
    /// Whether the content goes from edge to edge.
    #[prop(optional)]
    flush: bool,
    /// The content.
    children: Children,
) -> impl IntoView {
    let locale = use_locale();
    let live = expect_context::<Live>();
    view! {
        <Title text=format!("{title} · Skep") />
        <header class="top">{heading} <Tools /></header>
        <main id="main" class:flush=flush tabindex="-1">
            <When holds=move || live.state() == LiveState::Lost>
                <p class="lost" role="status">
                    <Icon name="offline" />
                    {td_string!(locale, live.lost)}
                </p>
            </When>
            {children()}
        </main>
    }
}

/// A page without the shell, before there is somebody to show it to.
#[component]
pub fn BarePage(
    /// The window's title.
    title: &'static str,
    /// The content.
    children: Children,
) -> impl IntoView {
    view! {
        <Title text=format!("{title} · Skep") />
        <header class="corner">
            <Languages />
            <ThemeSwitch />
        </header>
        <main id="main" class="bare">
            {children()}
        </main>
    }
}

#[component]
fn ThemeSwitch() -> impl IntoView {
    let locale = use_locale();
    view! {
        <button
            class="btn ghost icon theme"
            type="button"
            aria-label=td_string!(locale, tools.theme)
            title=td_string!(locale, tools.theme_hint)
            on:click=|_| switch_theme()
        >
            <Icon name="sun" />
            <Icon name="moon" />
        </button>
    }
}

#[component]
fn Languages() -> impl IntoView {
    let current = use_locale();
    let choices = Locale::get_all()
        .iter()
        .copied()
        .map(|locale| {
            let name = match locale {
                Locale::en => "English",
                Locale::de => "Deutsch",
            };
            view! {
                <button
                    type="button"
                    lang=locale.as_str()
                    aria-pressed=(locale == current).to_string()
                    on:click=move |_| {
                        if locale != current {
                            switch_language(locale);
                        }
                    }
                >
                    {name}
                </button>
            }
        })
        .collect_view();
    view! {
        <div class="seg small" role="group" aria-label=td_string!(current, tools.language)>
            {choices}
        </div>
    }
}

#[component]
fn Tools() -> impl IntoView {
    let locale = use_locale();
    let live = expect_context::<Live>();
    let word = Signal::derive(move || match live.state() {
        LiveState::Live => td_string!(locale, live.live),
        LiveState::Connecting | LiveState::Lost => td_string!(locale, live.not_connected),
    });
    let state = Signal::derive(move || match live.state() {
        LiveState::Live => "live on",
        LiveState::Connecting => "live",
        LiveState::Lost => "live off",
    });
    view! {
        <div class="tools">
            <span class=state role="status">
                <i aria-hidden="true"></i>
                <span>{word}</span>
            </span>
            <JumpButton />
            <ThemeSwitch />
            <Account />
        </div>
    }
}

#[component]
fn Account() -> impl IntoView {
    let locale = use_locale();
    let me = expect_context::<crate::Me>().0;
    let log_out = ServerAction::<LogOut>::new();
    let menu = NodeRef::<html::Details>::new();
    // Escape closes the menu and gives the focus back to what opened it.
    let on_key = move |event: leptos::ev::KeyboardEvent| {
        if event.key() == "Escape"
            && let Some(menu) = menu.get()
        {
            let _ = menu.remove_attribute("open");
            if let Ok(Some(summary)) = menu.query_selector("summary") {
                use wasm_bindgen::JsCast;
                let _ = summary.unchecked_into::<web_sys::HtmlElement>().focus();
            }
        }
    };
    let who = move || {
        Suspend::new(async move {
            me.await
                .ok()
                .map(|me| {
                    let role = words::role(locale, me.role);
                    view! {
                        <p class="who">
                            <b>{me.name}</b>
                            <span class="faint">{role}</span>
                        </p>
                    }
                })
                .into_any()
        })
    };
    view! {
        <details class="menu" node_ref=menu on:keydown=on_key>
            <summary class="btn ghost icon" aria-label=td_string!(locale, tools.account) title=td_string!(locale, tools.account)>
                <Icon name="user" />
            </summary>
            <div class="pop r">
                <Awaited view=who />
                <a class="btn wide" href="/profile">
                    {td_string!(locale, nav.profile)}
                </a>
                <Languages />
                <ActionForm action=log_out>
                    <button type="submit" class="btn wide">
                        {td_string!(locale, tools.log_out)}
                    </button>
                </ActionForm>
            </div>
        </details>
    }
}
