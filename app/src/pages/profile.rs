//! The own account: what the console should be like, the password, the sessions.

use leptos::prelude::*;
use leptos_i18n::Locale as _;
use leptos_router::hooks::use_query_map;
use skep_model::user::{self, SessionView};

use crate::{
    answer::{Answer, ask},
    components::{
        Attempt, Awaited, BarePage, Choose, FailureNote, Field, Icon, Loading, Page, Problem, Time,
        When, complaint_about,
    },
    preferences::{use_locale, zones},
    server,
    translations::{Locale, td_string},
    view::view,
    words,
};

/// The own account.
#[component]
pub fn Profile() -> impl IntoView {
    let locale = use_locale();
    let profile = ask(|| (), |()| server::profile());
    let title = td_string!(locale, nav.profile);
    let address = use_query_map();
    let said = move |name: &'static str| {
        Signal::derive(move || address.with(|address| address.get(name).is_some()))
    };
    let content = move || {
        Suspend::new(async move {
            match profile.await {
                Ok(own) => view! {
                    <div class="stack">
                        <Choices own=own.clone() />
                        <section class="panel" aria-labelledby="password-title">
                            <header>
                                <h2 id="password-title">{td_string!(locale, profile.password)}</h2>
                            </header>
                            <div class="body">
                                <PasswordForm />
                            </div>
                        </section>
                        <Sessions sessions=own.sessions profile />
                    </div>
                },
                Err(failure) => view! { <FailureNote failure /> },
            }
        })
    };
    view! {
        <Page title heading=view! { <h1>{title}</h1> }>
            <When holds=said("saved")>
                <p class="note green" role="status">
                    <Icon name="running" />
                    {td_string!(locale, action.saved)}
                </p>
            </When>
            <When holds=said("changed")>
                <p class="note green" role="status">
                    <Icon name="running" />
                    {td_string!(locale, profile.changed)}
                </p>
            </When>
            <Awaited view=content before=Loading />
        </Page>
    }
}

/// Language, time zone, theme, address. A plain form: the page comes back as chosen.
#[component]
fn Choices(own: user::Profile) -> impl IntoView {
    let locale = use_locale();
    let languages = std::iter::once((
        String::new(),
        td_string!(locale, profile.as_browser).to_owned(),
    ))
    .chain(Locale::get_all().iter().map(|locale| {
        let name = match locale {
            Locale::en => "English",
            Locale::de => "Deutsch",
        };
        (locale.as_str().to_owned(), name.to_owned())
    }))
    .collect();
    let themes = [
        ("", td_string!(locale, profile.as_browser)),
        ("light", td_string!(locale, profile.light)),
        ("dark", td_string!(locale, profile.dark)),
    ]
    .map(|(value, word)| (value.to_owned(), word.to_owned()))
    .to_vec();
    let groups: Vec<_> = own.groups.into_iter().map(|group| group.name).collect();
    let offered = RwSignal::new(Vec::<String>::new());
    Effect::new(move |_| offered.set(zones()));
    view! {
        <section class="panel" aria-labelledby="choices">
            <header>
                <h2 id="choices">{own.me.name}</h2>
                <p>{words::role(locale, own.me.role)} {(!groups.is_empty()).then(|| format!(" · {}", groups.join(", ")))}</p>
            </header>
            <form class="body stack" method="post" action="/fn/edit_profile">
                <div class="two">
                    <Field name="email" label=td_string!(locale, setup.email) kind="email" value=own.email hint=td_string!(locale, setup.email_hint) complaint=None />
                    <Choose name="language" label=td_string!(locale, tools.language) choices=languages current=own.preferences.language />
                    <div class="field">
                        <label for="time_zone">{td_string!(locale, profile.time_zone)}</label>
                        <input
                            class="input"
                            id="time_zone"
                            name="time_zone"
                            list="zones"
                            maxlength="64"
                            pattern="[A-Za-z0-9\\/_+\\-]*"
                            placeholder=td_string!(locale, profile.as_browser)
                            value=own.preferences.time_zone
                            aria-describedby="time_zone-hint"
                        />
                        <datalist id="zones">
                            {move || offered.get().into_iter().map(|zone| view! { <option value=zone></option> }).collect_view()}
                        </datalist>
                        <p class="hint" id="time_zone-hint">
                            {td_string!(locale, profile.time_zone_hint)}
                        </p>
                    </div>
                    <Choose name="theme" label=td_string!(locale, tools.theme) choices=themes current=own.preferences.theme />
                </div>
                <div class="acts">
                    <button type="submit" class="btn primary">
                        {td_string!(locale, action.save)}
                    </button>
                </div>
            </form>
        </section>
    }
}

/// The password: the old one, and the new one twice. It works without scripts.
#[component]
fn PasswordForm() -> impl IntoView {
    let locale = use_locale();
    let action = ServerAction::<server::ChangePassword>::new();
    let failure = super::form_failure(action);
    let about = move |field: &'static str| {
        Signal::derive(move || failure.with(|f| complaint_about(locale, f.as_ref(), field)))
    };
    view! {
        <ActionForm action=action>
            <div class="stack narrow">
                <Problem failure=Signal::derive(move || failure.get()) fields=&["old", "password", "repeat"] />
                <Field name="old" label=td_string!(locale, profile.old) kind="password" autocomplete="current-password" required=true complaint=about("old") />
                <Field
                    name="password"
                    label=td_string!(locale, profile.new)
                    kind="password"
                    autocomplete="new-password"
                    hint=td_string!(locale, setup.password_hint)
                    required=true
                    complaint=about("password")
                />
                <Field name="repeat" label=td_string!(locale, setup.repeat) kind="password" autocomplete="new-password" required=true complaint=about("repeat") />
                <p class="hint">{td_string!(locale, profile.ends_others)}</p>
                <div class="acts">
                    <button type="submit" class="btn primary" aria-disabled=move || action.pending().get().then_some("true")>
                        {td_string!(locale, profile.change)}
                    </button>
                </div>
            </div>
        </ActionForm>
    }
}

/// Changing the password before anything else may be done.
#[component]
pub fn Password() -> impl IntoView {
    let locale = use_locale();
    view! {
        <BarePage title=td_string!(locale, profile.password)>
            <div class="gate">
                <p class="lockup">
                    <Icon name="skep" />
                    <span>"Skep"</span>
                </p>
                <div class="panel gatebox">
                    <h1>{td_string!(locale, profile.must_change)}</h1>
                    <p class="muted">{td_string!(locale, profile.must_change_text)}</p>
                    <PasswordForm />
                </div>
            </div>
        </BarePage>
    }
}

#[component]
fn Sessions(sessions: Vec<SessionView>, profile: Answer<user::Profile>) -> impl IntoView {
    let locale = use_locale();
    let attempt = Attempt::new();
    let lines = sessions
        .into_iter()
        .map(|session| {
            let id = session.id;
            let end = move |_| attempt.run(server::end_session(id), move |()| profile.refetch());
            view! {
                <tr>
                    <td class="wrap" data-l=td_string!(locale, profile.browser)>{session.agent.visible()}</td>
                    <td class="mono" data-l=td_string!(locale, field.address)>
                        {session.address.map(|address| address.to_string())}
                    </td>
                    <td data-l=td_string!(locale, profile.begun)>
                        <Time at=session.created_at />
                    </td>
                    <td data-l=td_string!(locale, profile.last_seen)>
                        <Time at=session.last_seen_at />
                    </td>
                    <td class="acts-cell">
                        {if session.current {
                            view! { <span class="badge green">{td_string!(locale, profile.this_one)}</span> }
                        } else {
                            view! {
                                <button type="button" class="btn s danger" on:click=end>
                                    {td_string!(locale, profile.end)}
                                </button>
                            }
                        }}
                    </td>
                </tr>
            }
        })
        .collect_view();
    view! {
        <section class="panel" aria-labelledby="sessions">
            <header>
                <h2 id="sessions">{td_string!(locale, profile.sessions)}</h2>
            </header>
            <Problem failure=attempt.failure />
            <table class="tbl cards">
                <caption class="vh">{td_string!(locale, profile.sessions)}</caption>
                <thead>
                    <tr>
                        <th scope="col">{td_string!(locale, profile.browser)}</th>
                        <th scope="col">{td_string!(locale, field.address)}</th>
                        <th scope="col">{td_string!(locale, profile.begun)}</th>
                        <th scope="col">{td_string!(locale, profile.last_seen)}</th>
                        <th scope="col">
                            <span class="vh">{td_string!(locale, sensors.actions)}</span>
                        </th>
                    </tr>
                </thead>
                <tbody>{lines}</tbody>
            </table>
        </section>
    }
}
