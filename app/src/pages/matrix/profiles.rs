//! Sets of services that make a sensor look like something.

use leptos::{html, prelude::*};
use skep_model::{
    sensor::Port,
    service::{ServiceView, SettingValue, Settings},
};

use super::{
    board::{Board, usual_placement},
    ports::spoken,
};
use crate::{
    components::Icon,
    preferences::use_locale,
    translations::{Locale, td_string},
    view::view,
};

/// A service of a profile.
#[derive(Clone, Copy)]
struct Part {
    service: &'static str,
    /// What is set otherwise than by default.
    settings: &'static [(&'static str, &'static str)],
    /// The ports, where they are others than the usual ones.
    ports: &'static [u16],
}

const fn part(
    service: &'static str,
    settings: &'static [(&'static str, &'static str)],
    ports: &'static [u16],
) -> Part {
    Part {
        service,
        settings,
        ports,
    }
}

/// A set of services. The sensor gets those that it lacks; what it has stays as it is.
#[derive(Clone, Copy)]
struct Profile {
    word: fn(Locale) -> &'static str,
    parts: &'static [Part],
}

const PROFILES: &[Profile] = &[
    Profile {
        word: |locale| td_string!(locale, matrix.linux),
        parts: &[
            part("ssh", &[], &[]),
            part("http", &[("face", "apache")], &[]),
            part("ftp", &[], &[]),
        ],
    },
    Profile {
        word: |locale| td_string!(locale, matrix.windows),
        parts: &[
            part("http", &[("face", "iis")], &[]),
            part("https", &[("face", "iis")], &[]),
            part("catch-all", &[], &[]),
        ],
    },
    Profile {
        word: |locale| td_string!(locale, matrix.web),
        parts: &[
            part("http", &[], &[]),
            part("https", &[], &[]),
            part("ssh", &[("personality", "debian")], &[]),
        ],
    },
    Profile {
        word: |locale| td_string!(locale, matrix.mail),
        parts: &[
            part("smtp", &[], &[]),
            part("https", &[], &[]),
            part("ssh", &[], &[]),
        ],
    },
    Profile {
        word: |locale| td_string!(locale, matrix.database),
        parts: &[
            part("ssh", &[], &[]),
            // SQL Server, Oracle, MySQL, PostgreSQL, Redis, Cassandra, Elasticsearch, Memcached, MongoDB.
            part(
                "catch-all",
                &[],
                &[1433, 1521, 3306, 5432, 6379, 9042, 9200, 11211, 27017],
            ),
        ],
    },
    Profile {
        word: |locale| td_string!(locale, matrix.router),
        parts: &[
            part("telnet", &[("personality", "busybox-router")], &[]),
            part("http", &[("face", "router")], &[]),
        ],
    },
    Profile {
        word: |locale| td_string!(locale, matrix.camera),
        parts: &[
            part("telnet", &[("personality", "busybox-router")], &[]),
            part("http", &[("face", "router")], &[]),
            // MQTT, UPnP, CoAP, RTSP, and what makers of recorders chose.
            part("catch-all", &[], &[1883, 1900, 5683, 8554, 34567, 37777]),
        ],
    },
    Profile {
        word: |locale| td_string!(locale, matrix.printer),
        parts: &[
            part("http", &[], &[]),
            part("ftp", &[], &[]),
            // LPD, IPP, raw printing.
            part("catch-all", &[], &[515, 631, 9100]),
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
            board.want(&service, wanted, |_| None);
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
    for part in profile.parts {
        let Some(service) = part
            .service
            .parse()
            .ok()
            .and_then(|name| board.service(&name))
        else {
            continue;
        };
        let settings: Settings = part
            .settings
            .iter()
            .map(|(name, word)| ((*name).to_owned(), SettingValue::Text((*word).to_owned())))
            .collect();
        let usual = settings.is_empty() && part.ports.is_empty();
        board.want(&service, true, |sensor| {
            let mut placement = usual_placement(sensor, &service);
            placement.settings.clone_from(&settings);
            if !part.ports.is_empty() {
                placement.ports = on(part.ports, &service);
            }
            (!usual).then_some(placement)
        });
    }
}

/// Ports of these numbers, in every protocol that a service speaks.
fn on(numbers: &[u16], service: &ServiceView) -> Vec<Port> {
    spoken(service, None)
        .into_iter()
        .flat_map(|transport| {
            let port = move |number: &u16| Port {
                number: *number,
                transport,
            };
            numbers.iter().map(port)
        })
        .collect()
}
