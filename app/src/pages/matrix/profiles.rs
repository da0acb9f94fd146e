//! Sets of services that make a sensor look like something.

use leptos::{html, prelude::*};
use skep_model::service::{SettingValue, Settings};

use super::board::Board;
use crate::{
    components::Icon,
    preferences::use_locale,
    translations::{Locale, td_string},
    view::view,
};

/// A service of a profile, and what is set otherwise than by default.
type Part = (&'static str, &'static [(&'static str, &'static str)]);

/// A set of services. The sensor gets those that it lacks; what it has stays as it is.
#[derive(Clone, Copy)]
struct Profile {
    word: fn(Locale) -> &'static str,
    parts: &'static [Part],
}

const PROFILES: &[Profile] = &[
    Profile {
        word: |locale| td_string!(locale, matrix.linux),
        parts: &[("ssh", &[]), ("http", &[("face", "apache")]), ("ftp", &[])],
    },
    Profile {
        word: |locale| td_string!(locale, matrix.windows),
        parts: &[
            ("http", &[("face", "iis")]),
            ("https", &[("face", "iis")]),
            ("catch-all", &[]),
        ],
    },
    Profile {
        word: |locale| td_string!(locale, matrix.web),
        parts: &[
            ("http", &[]),
            ("https", &[]),
            ("ssh", &[("personality", "debian")]),
        ],
    },
    Profile {
        word: |locale| td_string!(locale, matrix.mail),
        parts: &[("smtp", &[]), ("https", &[]), ("ssh", &[])],
    },
    Profile {
        word: |locale| td_string!(locale, matrix.router),
        parts: &[
            ("telnet", &[("personality", "busybox-router")]),
            ("http", &[("face", "router")]),
        ],
    },
];

/// The menu of profiles.
#[component]
pub fn Profiles(board: Board) -> impl IntoView {
    let locale = use_locale();
    let menu = NodeRef::<html::Details>::new();
    let all = move |wanted: bool| {
        let services = board.services.get_value();
        for service in services {
            board.want(&service, wanted, &Settings::new());
        }
    };
    let item = |word: &'static str, act: Callback<()>| {
        let choose = move |_| {
            act.run(());
            if let Some(menu) = menu.get_untracked() {
                let _ = menu.remove_attribute("open");
            }
        };
        view! {
            <button type="button" class="btn wide" on:click=choose>
                {word}
            </button>
        }
    };
    let profiles = PROFILES
        .iter()
        .map(|profile| {
            item(
                (profile.word)(locale),
                Callback::new(move |()| apply(board, *profile)),
            )
        })
        .collect_view();
    view! {
        <details class="menu" node_ref=menu>
            <summary class="btn">
                <Icon name="sensors" small=true />
                {td_string!(locale, matrix.profiles)}
            </summary>
            <div class="pop">
                <p class="hint">{td_string!(locale, matrix.profiles_hint)}</p>
                {profiles}
                {item(td_string!(locale, matrix.everything), Callback::new(move |()| all(true)))}
                {item(td_string!(locale, matrix.nothing), Callback::new(move |()| all(false)))}
            </div>
        </details>
    }
}

fn apply(board: Board, profile: Profile) {
    for (name, settings) in profile.parts {
        let Some(service) = name.parse().ok().and_then(|name| board.service(&name)) else {
            continue;
        };
        let settings: Settings = settings
            .iter()
            .map(|(name, word)| ((*name).to_owned(), SettingValue::Text((*word).to_owned())))
            .collect();
        board.want(&service, true, &settings);
    }
}
