//! What every page stands in: the rail with the places, the live stream, and who is logged in.

use leptos::prelude::*;
use leptos_router::components::{A, Outlet};

use skep_model::user::Role;

use super::{Awaited, Icon, ToastPlace, Toasts};
use crate::{
    Me,
    answer::ask,
    jump::{Jump, JumpPlace},
    live::Live,
    pages::Upload,
    preferences::{self, use_locale},
    server,
    translations::td_string,
    view::view,
};

/// The shell around the pages of somebody who is logged in.
#[component]
pub fn Shell() -> impl IntoView {
    let locale = use_locale();
    let me = ask(|| (), |()| server::me());
    provide_context(Me(me));
    let live = Live::new();
    provide_context(live);
    provide_context(Toasts::new());
    provide_context(Upload::new());
    let jump = Jump::new();
    provide_context(jump);
    Effect::new(move |_| live.open());
    Effect::new(move |_| preferences::agree(locale));
    let place = |href: &'static str, icon: &'static str, label: &'static str| {
        view! {
            <li>
                <A href=href exact=href == "/" attr:class="nav">
                    <Icon name=icon />
                    <span class="lbl">{label}</span>
                </A>
            </li>
        }
    };
    // Places that a role does not reach are not offered.
    let more = move || {
        Suspend::new(async move {
            let role = me.await.map_or(Role::Observer, |me| me.role);
            view! {
                {(role >= Role::Manager)
                    .then(|| place("/quarantine", "warn", td_string!(locale, nav.quarantine)))}
                {(role == Role::Admin)
                    .then(|| {
                        view! {
                            {place("/users", "users", td_string!(locale, nav.users))}
                            {place("/tokens", "key", td_string!(locale, nav.tokens))}
                            {place("/audit", "audit", td_string!(locale, nav.audit))}
                        }
                    })}
            }
        })
    };
    view! {
        <a class="skip" href="#main">
            {td_string!(locale, skip)}
        </a>
        <div class="app">
            <nav class="rail" aria-label=td_string!(locale, nav.label)>
                <a class="brand" href="/" tabindex="-1" aria-hidden="true">
                    <Icon name="skep" />
                    <span>"Skep"</span>
                </a>
                <ul>
                    {place("/", "dashboard", td_string!(locale, nav.dashboard))}
                    {place("/events", "events", td_string!(locale, nav.events))}
                    {place("/sensors", "sensors", td_string!(locale, nav.sensors))}
                    {place("/services", "services", td_string!(locale, field.services))}
                    <Awaited view=more />
                    {place("/system", "cog", td_string!(locale, nav.system))}
                    {place("/api", "terminal", td_string!(locale, nav.api))}
                    <li class="more">
                        <button type="button" class="nav" on:click=move |_| jump.open()>
                            <Icon name="search" />
                            <span class="lbl">{td_string!(locale, nav.more)}</span>
                        </button>
                    </li>
                </ul>
                <p class="ver">{concat!("Skep ", env!("CARGO_PKG_VERSION"))}</p>
            </nav>
            <div class="view">
                <Outlet />
            </div>
            <ToastPlace />
            <JumpPlace />
        </div>
    }
}
