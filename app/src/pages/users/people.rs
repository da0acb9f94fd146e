//! The users: who they are, and what they may do.

use leptos::prelude::*;
use skep_model::{
    ids::UserId,
    user::{Role, UserDraft, UserView},
};
use web_sys::FormData;

use super::State;
use crate::{
    Me,
    components::{
        Attempt, Awaited, Checks, Choose, FailureNote, Field, FormDialog, Icon, Loading, Time,
        several, text,
    },
    preferences::use_locale,
    server,
    translations::td_string,
    view::view,
    words,
};

/// The panel of users.
#[component]
pub fn People(state: State) -> impl IntoView {
    let locale = use_locale();
    let me = expect_context::<Me>().0;
    let subject = RwSignal::new(None::<UserView>);
    let (edit, remove) = (Attempt::new(), Attempt::new());
    let content = move || {
        Suspend::new(async move {
            let own = me.await.ok().map(|me| me.id);
            match state.users.await {
                Ok(users) => view! { <Table users own subject edit remove /> },
                Err(failure) => view! { <FailureNote failure /> },
            }
        })
    };
    let add = move |_| {
        subject.set(None);
        edit.ask();
    };
    view! {
        <section class="panel" aria-labelledby="users-title">
            <header>
                <h2 id="users-title">{td_string!(locale, users.people)}</h2>
                <div class="end">
                    <button type="button" class="btn s primary" on:click=add>
                        <Icon name="plus" />
                        {td_string!(locale, users.add)}
                    </button>
                </div>
            </header>
            <Awaited view=content before=Loading />
        </section>
        <EditUser state subject attempt=edit />
        <RemoveUser state subject attempt=remove />
    }
}

#[component]
fn Table(
    users: Vec<UserView>,
    own: Option<UserId>,
    subject: RwSignal<Option<UserView>>,
    edit: Attempt,
    remove: Attempt,
) -> impl IntoView {
    let locale = use_locale();
    let lines = users
        .into_iter()
        .map(|user| {
            let groups: Vec<_> = user.groups.iter().map(|group| group.name.clone()).collect();
            let groups = if user.role == Role::Admin {
                td_string!(locale, users.all_groups).to_owned()
            } else {
                groups.join(", ")
            };
            let asked = StoredValue::new(user.clone());
            let ask = move |attempt: Attempt| {
                subject.set(Some(asked.get_value()));
                attempt.ask();
            };
            let myself = own == Some(user.id);
            view! {
                <tr>
                    <th scope="row" data-l=td_string!(locale, field.name)>
                        {user.name.clone()}
                        {myself.then(|| view! { " " <span class="faint">{td_string!(locale, users.you)}</span> })}
                    </th>
                    <td data-l=td_string!(locale, users.role)>{words::role(locale, user.role)}</td>
                    <td data-l=td_string!(locale, users.groups)>{groups}</td>
                    <td data-l=td_string!(locale, setup.email)>{user.email}</td>
                    <td data-l=td_string!(locale, users.last_login)>
                        {match user.last_login_at {
                            Some(at) => view! { <Time at /> },
                            None => view! { <span class="faint">{td_string!(locale, users.never)}</span> },
                        }}
                        {user.must_change.then(|| view! { " " <span class="badge">{td_string!(locale, users.must_change_badge)}</span> })}
                    </td>
                    <td class="acts-cell">
                        <button type="button" class="btn s" on:click=move |_| ask(edit) aria-label=td_string!(locale, action.edit_of, name = user.name.as_str())>
                            {td_string!(locale, action.edit)}
                        </button>
                        {(!myself)
                            .then(|| {
                                view! {
                                    <button
                                        type="button"
                                        class="btn s danger"
                                        on:click=move |_| ask(remove)
                                        aria-label=td_string!(locale, action.remove_of, name = user.name.as_str())
                                    >
                                        {td_string!(locale, action.remove)}
                                    </button>
                                }
                            })}
                    </td>
                </tr>
            }
        })
        .collect_view();
    view! {
        <table class="tbl cards">
            <caption class="vh">{td_string!(locale, users.people)}</caption>
            <thead>
                <tr>
                    <th scope="col">{td_string!(locale, field.name)}</th>
                    <th scope="col">{td_string!(locale, users.role)}</th>
                    <th scope="col">{td_string!(locale, users.groups)}</th>
                    <th scope="col">{td_string!(locale, setup.email)}</th>
                    <th scope="col">{td_string!(locale, users.last_login)}</th>
                    <th scope="col">
                        <span class="vh">{td_string!(locale, sensors.actions)}</span>
                    </th>
                </tr>
            </thead>
            <tbody>{lines}</tbody>
        </table>
    }
}

#[component]
fn EditUser(state: State, subject: RwSignal<Option<UserView>>, attempt: Attempt) -> impl IntoView {
    let locale = use_locale();
    let title = Signal::derive(move || match subject.get() {
        Some(user) => td_string!(locale, users.edit_title, name = user.name),
        None => td_string!(locale, users.add).to_owned(),
    });
    let submit = Callback::new(move |data: FormData| {
        let id = subject.with_untracked(|user| user.as_ref().map(|user| user.id));
        let draft = UserDraft {
            name: text(&data, "name"),
            email: text(&data, "email"),
            role: text(&data, "role").parse().unwrap_or(Role::Observer),
            groups: several(&data, "groups"),
            password: Some(text(&data, "password")).filter(|password| !password.is_empty()),
            must_change: data.has("must_change"),
        };
        attempt.run(server::save_user(id, draft), move |_| state.refetch());
    });
    let fields = move || {
        let user = subject.get_untracked();
        let new = user.is_none();
        let role = user.as_ref().map_or(Role::Observer, |user| user.role);
        let roles = Role::ALL
            .iter()
            .map(|role| (role.to_string(), words::role(locale, *role).to_owned()))
            .collect();
        let chosen = user.clone();
        let groups = move || {
            let chosen = chosen.clone();
            Suspend::new(async move {
                let choices = state
                    .groups
                    .await
                    .unwrap_or_default()
                    .into_iter()
                    .map(|group| {
                        let ticked = chosen
                            .as_ref()
                            .is_some_and(|user| user.groups.iter().any(|own| own.id == group.id));
                        (group.id.to_string(), group.name, ticked)
                    })
                    .collect();
                view! {
                    <Checks name="groups" label=td_string!(locale, users.groups) hint=td_string!(locale, users.groups_hint) choices complaint=attempt.about("groups") />
                }
            })
        };
        let password_hint = if new {
            td_string!(locale, setup.password_hint)
        } else {
            td_string!(locale, users.password_hint)
        };
        let (name, email, must_change) = user.map_or_else(
            || (String::new(), String::new(), true),
            |user| (user.name, user.email, user.must_change),
        );
        view! {
            <Field name="name" label=td_string!(locale, login.name) value=name required=true autofocus=true complaint=attempt.about("name") />
            <Field name="email" label=td_string!(locale, setup.email) kind="email" value=email hint=td_string!(locale, setup.email_hint) complaint=attempt.about("email") />
            <Choose name="role" label=td_string!(locale, users.role) hint=td_string!(locale, users.role_hint) choices=roles current=role.to_string() />
            <Awaited view=groups />
            <Field name="password" label=td_string!(locale, login.password) kind="password" autocomplete="new-password" hint=password_hint required=new complaint=attempt.about("password") />
            <label class="check">
                <input type="checkbox" name="must_change" checked=must_change />
                <span>{td_string!(locale, users.must_change)}</span>
            </label>
        }
    };
    view! {
        <FormDialog
            attempt
            id="user-title"
            title
            submit=td_string!(locale, action.save)
            fields=&["name", "email", "groups", "password"]
            on_submit=submit
        >
            {fields}
        </FormDialog>
    }
}

#[component]
fn RemoveUser(
    state: State,
    subject: RwSignal<Option<UserView>>,
    attempt: Attempt,
) -> impl IntoView {
    let locale = use_locale();
    let title = Signal::derive(move || {
        let name = subject.get().map(|user| user.name).unwrap_or_default();
        td_string!(locale, users.remove_title, name = name)
    });
    let submit = Callback::new(move |_: FormData| {
        if let Some(user) = subject.get_untracked() {
            attempt.run(server::remove_user(user.id), move |()| state.refetch());
        }
    });
    view! {
        <FormDialog attempt id="remove-user-title" title submit=td_string!(locale, action.remove) danger=true on_submit=submit>
            <p>{td_string!(locale, users.remove_text)}</p>
        </FormDialog>
    }
}
