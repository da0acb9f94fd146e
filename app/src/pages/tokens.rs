//! API tokens: what programs may do.

use leptos::prelude::*;
use skep_model::{
    token::{Area, NewToken, TokenDraft, TokenView},
    user::Role,
};
use web_sys::FormData;

use crate::{
    answer::{Answer, ask},
    components::{
        Attempt, Awaited, Checks, Choose, CopyLine, Dialog, Empty, FailureNote, Field, FormDialog,
        Icon, Loading, Page, Time, several, text,
    },
    preferences::use_locale,
    server,
    translations::td_string,
    view::view,
    words,
};

/// The page's own state.
#[derive(Clone, Copy)]
struct State {
    tokens: Answer<Vec<TokenView>>,
    create: Attempt,
    revoke: Attempt,
    subject: RwSignal<Option<TokenView>>,
    /// The token that was just made, as long as its secret is shown.
    made: RwSignal<Option<NewToken>>,
    shown: RwSignal<bool>,
}

/// API tokens.
#[component]
pub fn Tokens() -> impl IntoView {
    let locale = use_locale();
    let state = State {
        tokens: ask(|| (), |()| server::tokens()),
        create: Attempt::new(),
        revoke: Attempt::new(),
        subject: RwSignal::new(None),
        made: RwSignal::new(None),
        shown: RwSignal::new(false),
    };
    let title = td_string!(locale, nav.tokens);
    let add = move || {
        view! {
            <button type="button" class="btn primary" on:click=move |_| state.create.ask()>
                <Icon name="plus" />
                {td_string!(locale, tokens.add)}
            </button>
        }
    };
    let content = move || {
        Suspend::new(async move {
            match state.tokens.await {
                Ok(tokens) if tokens.is_empty() => view! {
                    <section class="panel">
                        <Empty icon="key" title=td_string!(locale, tokens.none) text=td_string!(locale, tokens.none_text)>
                            {add()}
                        </Empty>
                    </section>
                },
                Ok(tokens) => view! {
                    <div class="toolbar">{add()}</div>
                    <Table tokens state />
                },
                Err(failure) => view! { <FailureNote failure /> },
            }
        })
    };
    view! {
        <Page title heading=view! { <h1>{title}</h1> }>
            <Awaited view=content before=Loading />
            <CreateToken state />
            <ShowSecret state />
            <RevokeToken state />
        </Page>
    }
}

#[component]
fn Table(tokens: Vec<TokenView>, state: State) -> impl IntoView {
    let locale = use_locale();
    let lines = tokens
        .into_iter()
        .map(|token| view! { <Line token state /> })
        .collect_view();
    view! {
        <section class="panel">
            <table class="tbl cards">
                <caption class="vh">{td_string!(locale, nav.tokens)}</caption>
                <thead>
                    <tr>
                        <th scope="col">{td_string!(locale, field.name)}</th>
                        <th scope="col">{td_string!(locale, users.role)}</th>
                        <th scope="col">{td_string!(locale, tokens.areas)}</th>
                        <th scope="col">{td_string!(locale, users.groups)}</th>
                        <th scope="col">{td_string!(locale, tokens.until)}</th>
                        <th scope="col">{td_string!(locale, tokens.last_used)}</th>
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

#[component]
fn Line(token: TokenView, state: State) -> impl IntoView {
    let locale = use_locale();
    let areas: Vec<_> = token
        .areas
        .iter()
        .map(|area| words::area(locale, *area))
        .collect();
    let areas = if token.areas.len() == Area::ALL.len() {
        td_string!(locale, tokens.all_areas).to_owned()
    } else {
        areas.join(", ")
    };
    let groups: Vec<_> = token
        .groups
        .iter()
        .map(|group| group.name.clone())
        .collect();
    let groups = if groups.is_empty() {
        td_string!(locale, users.all_groups).to_owned()
    } else {
        groups.join(", ")
    };
    let until = match (token.revoked_at, token.expires_at) {
        (Some(at), _) => view! {
            <span class="badge red">{td_string!(locale, presence.revoked)}</span>
            " "
            <Time at />
        },
        (None, Some(at)) if at <= words::now() => view! {
            <span class="badge">{td_string!(locale, tokens.expired)}</span>
            " "
            <Time at />
        },
        (None, Some(at)) => view! { <Time at /> },
        (None, None) => view! { <span class="faint">{td_string!(locale, tokens.for_ever)}</span> },
    };
    let last_used = match token.last_used_at {
        Some(at) => view! { <Time at /> },
        None => view! { <span class="faint">{td_string!(locale, users.never)}</span> },
    };
    let asked = StoredValue::new(token.clone());
    let ask = move |_| {
        state.subject.set(Some(asked.get_value()));
        state.revoke.ask();
    };
    view! {
        <tr>
            <th scope="row" data-label=td_string!(locale, field.name)>{token.name.clone()}</th>
            <td data-label=td_string!(locale, users.role)>{words::role(locale, token.role)}</td>
            <td data-label=td_string!(locale, tokens.areas)>{areas}</td>
            <td data-label=td_string!(locale, users.groups)>{groups}</td>
            <td data-label=td_string!(locale, tokens.until)>{until}</td>
            <td data-label=td_string!(locale, tokens.last_used)>{last_used}</td>
            <td class="acts-cell">
                {token
                    .revoked_at
                    .is_none()
                    .then(|| {
                        view! {
                            <button type="button" class="btn s danger" on:click=ask aria-label=td_string!(locale, sensors.revoke_for, name = token.name.as_str())>
                                {td_string!(locale, sensors.revoke)}
                            </button>
                        }
                    })}
            </td>
        </tr>
    }
}

#[component]
fn CreateToken(state: State) -> impl IntoView {
    let locale = use_locale();
    let attempt = state.create;
    let groups = ask(|| (), |()| server::groups());
    let submit = Callback::new(move |data: FormData| {
        let days = text(&data, "days");
        let draft = TokenDraft {
            name: text(&data, "name"),
            role: text(&data, "role").parse().unwrap_or(Role::Observer),
            areas: several(&data, "areas"),
            groups: several(&data, "groups"),
            days: days.parse().ok(),
        };
        attempt.run(server::create_token(draft), move |made| {
            state.made.set(Some(made));
            state.shown.set(true);
            state.tokens.refetch();
        });
    });
    let fields = move || {
        let roles = Role::ALL
            .iter()
            .map(|role| (role.to_string(), words::role(locale, *role).to_owned()))
            .collect();
        let lives = [
            ("30", td_string!(locale, tokens.month)),
            ("90", td_string!(locale, tokens.quarter)),
            ("365", td_string!(locale, tokens.year)),
            ("", td_string!(locale, tokens.for_ever)),
        ]
        .map(|(days, word)| (days.to_owned(), word.to_owned()))
        .to_vec();
        let areas = Area::ALL
            .iter()
            .map(|area| {
                (
                    area.to_string(),
                    words::area(locale, *area).to_owned(),
                    true,
                )
            })
            .collect();
        let boxes = move || {
            Suspend::new(async move {
                let choices = groups
                    .await
                    .unwrap_or_default()
                    .into_iter()
                    .map(|group| (group.id.to_string(), group.name, false))
                    .collect();
                view! {
                    <Checks name="groups" label=td_string!(locale, users.groups) hint=td_string!(locale, tokens.groups_hint) choices complaint=attempt.about("groups") />
                }
            })
        };
        view! {
            <Field name="name" label=td_string!(locale, field.name) hint=td_string!(locale, tokens.name_hint) required=true autofocus=true complaint=attempt.about("name") />
            <div class="two">
                <Choose name="role" label=td_string!(locale, users.role) choices=roles current=Role::Observer.to_string() />
                <Choose name="days" label=td_string!(locale, tokens.life) choices=lives current="90".to_owned() />
            </div>
            <Checks name="areas" label=td_string!(locale, tokens.areas) choices=areas complaint=attempt.about("areas") />
            <Awaited view=boxes />
        }
    };
    view! {
        <FormDialog
            attempt
            id="token-title"
            title=Signal::derive(move || td_string!(locale, tokens.add).to_owned())
            submit=td_string!(locale, tokens.create)
            fields=&["name", "groups", "areas"]
            on_submit=submit
        >
            {fields}
        </FormDialog>
    }
}

/// Shows the secret of the token that was just made, once.
#[component]
fn ShowSecret(state: State) -> impl IntoView {
    let locale = use_locale();
    Effect::new(move |_| {
        if !state.shown.get() {
            state.made.set(None);
        }
    });
    let body = move || {
        state.made.get().map(|made| {
            view! {
                <div class="in">
                    <h2 id="secret-title">{td_string!(locale, tokens.made, name = made.token.name)}</h2>
                    <p class="muted">{td_string!(locale, tokens.made_text)}</p>
                    <CopyLine id="token-secret" text=made.secret />
                </div>
                <div class="foot">
                    <button type="button" class="btn primary" on:click=move |_| state.shown.set(false)>
                        {td_string!(locale, action.done)}
                    </button>
                </div>
            }
        })
    };
    view! {
        <Dialog open=state.shown labelled_by="secret-title">
            {body}
        </Dialog>
    }
}

#[component]
fn RevokeToken(state: State) -> impl IntoView {
    let locale = use_locale();
    let attempt = state.revoke;
    let title = Signal::derive(move || {
        let name = state
            .subject
            .get()
            .map(|token| token.name)
            .unwrap_or_default();
        td_string!(locale, sensors.revoke_title, name = name)
    });
    let submit = Callback::new(move |_: FormData| {
        if let Some(token) = state.subject.get_untracked() {
            attempt.run(server::revoke_token(token.id), move |()| {
                state.tokens.refetch();
            });
        }
    });
    view! {
        <FormDialog attempt id="revoke-token-title" title submit=td_string!(locale, sensors.revoke) danger=true on_submit=submit>
            <p>{td_string!(locale, tokens.revoke_text)}</p>
        </FormDialog>
    }
}
