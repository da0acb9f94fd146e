//! The field and the places below it.

use leptos::{ev, html, prelude::*, task::spawn_local};
use leptos_router::{NavigateOptions, hooks::use_navigate};
use skep_model::user::Role;

use super::places::{Place, To, matching, places};
use crate::{
    Me,
    components::{Dialog, Icon},
    preferences::{switch_language, switch_theme, use_locale},
    server,
    translations::td_string,
    view::view,
};

/// The field: a combobox over a list of places. Arrows choose, Enter goes.
#[component]
pub fn Palette(open: RwSignal<bool>) -> impl IntoView {
    let locale = use_locale();
    let me = expect_context::<Me>().0;
    let sensors = RwSignal::new(vec![]);
    let typed = RwSignal::new(String::new());
    let at = RwSignal::new(0_usize);
    let role = move || {
        me.get()
            .and_then(Result::ok)
            .map_or(Role::Observer, |me| me.role)
    };
    let all = Memo::new(move |_| sensors.with(|sensors| places(locale, role(), sensors)));
    let found =
        Memo::new(move |_| all.with(|all| typed.with(|typed| matching(locale, all, typed))));
    let navigate = use_navigate();
    let go = Callback::new(move |place: Place| {
        open.set(false);
        match place.to {
            To::Address(address) => navigate(&address, NavigateOptions::default()),
            To::Theme => switch_theme(),
            To::Language(locale) => switch_language(locale),
        }
    });
    // It begins anew each time.
    Effect::new(move |_| {
        if open.get() {
            typed.set(String::new());
            at.set(0);
            spawn_local(async move {
                if let Ok(list) = server::sensors().await {
                    let _ = sensors.try_set(list);
                }
            });
        }
    });
    let on_key = move |event: ev::KeyboardEvent| {
        let last = found.with(Vec::len).saturating_sub(1);
        let now = at.get_untracked();
        match event.key().as_str() {
            "ArrowDown" => at.set(if now >= last { 0 } else { now + 1 }),
            "ArrowUp" => at.set(if now == 0 { last } else { now - 1 }),
            "Enter" => {
                if let Some(place) = found.with(|found| found.get(now).cloned()) {
                    go.run(place);
                }
            }
            _ => return,
        }
        event.prevent_default();
    };
    let body = move || view! { <Field typed at found go on_key=Callback::new(on_key) /> };
    view! {
        <Dialog open labelled_by="jump-title">
            <h2 class="vh" id="jump-title">
                {td_string!(locale, jump.title)}
            </h2>
            {body}
        </Dialog>
    }
}

#[component]
fn Field(
    typed: RwSignal<String>,
    at: RwSignal<usize>,
    found: Memo<Vec<Place>>,
    go: Callback<Place>,
    on_key: Callback<ev::KeyboardEvent>,
) -> impl IntoView {
    let locale = use_locale();
    let field = NodeRef::<html::Input>::new();
    Effect::new(move |_| {
        if let Some(field) = field.get() {
            let _ = field.focus();
        }
    });
    let options = move || {
        let options = found.get().into_iter().enumerate();
        options
            .map(|(number, place)| {
                let chosen = place.clone();
                view! {
                    <li
                        id=format!("jump-{number}")
                        role="option"
                        aria-selected=move || (at.get() == number).to_string()
                        on:mousemove=move |_| at.set(number)
                        on:click=move |_| go.run(chosen.clone())
                    >
                        <Icon name=place.icon />
                        <span>{place.label}</span>
                        <small>{place.kind}</small>
                    </li>
                }
            })
            .collect_view()
    };
    let nothing = move || {
        found
            .with(Vec::is_empty)
            .then(|| view! { <p class="muted in">{td_string!(locale, jump.nothing)}</p> })
    };
    view! {
        <div class="jump">
            <input
                class="input"
                node_ref=field
                type="search"
                role="combobox"
                aria-expanded="true"
                aria-controls="jump-places"
                aria-activedescendant=move || format!("jump-{}", at.get())
                aria-label=td_string!(locale, jump.label)
                placeholder=td_string!(locale, jump.label)
                autocomplete="off"
                spellcheck="false"
                on:input:target=move |input| {
                    typed.set(input.target().value());
                    at.set(0);
                }
                on:keydown=move |event| on_key.run(event)
            />
            <ul id="jump-places" role="listbox" aria-label=td_string!(locale, jump.title)>
                {options}
            </ul>
            {nothing}
        </div>
    }
}
