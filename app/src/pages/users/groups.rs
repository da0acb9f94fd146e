//! The groups: what users and sensors belong to.

use leptos::prelude::*;
use skep_model::user::{Fate, GroupView};
use web_sys::FormData;

use super::State;
use crate::{
    components::{
        Attempt, Awaited, FailureNote, FateChoice, Field, FormDialog, Icon, Loading, text,
    },
    preferences::use_locale,
    server,
    translations::td_string,
    view::view,
    words::number,
};

/// The panel of groups.
#[component]
pub fn Groups(state: State) -> impl IntoView {
    let locale = use_locale();
    let subject = RwSignal::new(None::<GroupView>);
    let (edit, remove) = (Attempt::new(), Attempt::new());
    let content = move || {
        Suspend::new(async move {
            match state.groups.await {
                Ok(groups) => view! { <Table groups subject edit remove /> },
                Err(failure) => view! { <FailureNote failure /> },
            }
        })
    };
    let add = move |_| {
        subject.set(None);
        edit.ask();
    };
    view! {
        <section class="panel" aria-labelledby="groups-title">
            <header>
                <h2 id="groups-title">{td_string!(locale, users.groups)}</h2>
                <p>{td_string!(locale, users.groups_text)}</p>
                <div class="end">
                    <button type="button" class="btn s primary" on:click=add>
                        <Icon name="plus" />
                        {td_string!(locale, users.add_group)}
                    </button>
                </div>
            </header>
            <Awaited view=content before=Loading />
        </section>
        <EditGroup state subject attempt=edit />
        <RemoveGroup state subject attempt=remove />
    }
}

#[component]
fn Table(
    groups: Vec<GroupView>,
    subject: RwSignal<Option<GroupView>>,
    edit: Attempt,
    remove: Attempt,
) -> impl IntoView {
    let locale = use_locale();
    let lines = groups
        .into_iter()
        .map(|group| {
            let asked = StoredValue::new(group.clone());
            let ask = move |attempt: Attempt| {
                subject.set(Some(asked.get_value()));
                attempt.ask();
            };
            view! {
                <tr>
                    <th scope="row" data-label=td_string!(locale, field.name)>{group.name.clone()}</th>
                    <td class="num" data-label=td_string!(locale, users.people)>{number(locale, group.users.into())}</td>
                    <td class="num" data-label=td_string!(locale, nav.sensors)>{number(locale, group.sensors.into())}</td>
                    <td class="acts-cell">
                        <button type="button" class="btn s" on:click=move |_| ask(edit) aria-label=td_string!(locale, action.edit_of, name = group.name.as_str())>
                            {td_string!(locale, action.rename)}
                        </button>
                        <button
                            type="button"
                            class="btn s danger"
                            on:click=move |_| ask(remove)
                            aria-label=td_string!(locale, action.remove_of, name = group.name.as_str())
                        >
                            {td_string!(locale, action.remove)}
                        </button>
                    </td>
                </tr>
            }
        })
        .collect_view();
    view! {
        <table class="tbl cards">
            <caption class="vh">{td_string!(locale, users.groups)}</caption>
            <thead>
                <tr>
                    <th scope="col">{td_string!(locale, field.name)}</th>
                    <th scope="col" class="num">{td_string!(locale, users.people)}</th>
                    <th scope="col" class="num">{td_string!(locale, nav.sensors)}</th>
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
fn EditGroup(
    state: State,
    subject: RwSignal<Option<GroupView>>,
    attempt: Attempt,
) -> impl IntoView {
    let locale = use_locale();
    let title = Signal::derive(move || match subject.get() {
        Some(group) => td_string!(locale, users.rename_title, name = group.name),
        None => td_string!(locale, users.add_group).to_owned(),
    });
    let submit = Callback::new(move |data: FormData| {
        let id = subject.with_untracked(|group| group.as_ref().map(|group| group.id));
        attempt.run(server::save_group(id, text(&data, "name")), move |_| {
            state.refetch();
        });
    });
    let fields = move || {
        let name = subject
            .get_untracked()
            .map(|group| group.name)
            .unwrap_or_default();
        view! {
            <Field name="name" label=td_string!(locale, field.name) value=name required=true autofocus=true complaint=attempt.about("name") />
        }
    };
    view! {
        <FormDialog attempt id="group-title" title submit=td_string!(locale, action.save) fields=&["name"] on_submit=submit>
            {fields}
        </FormDialog>
    }
}

#[component]
fn RemoveGroup(
    state: State,
    subject: RwSignal<Option<GroupView>>,
    attempt: Attempt,
) -> impl IntoView {
    let locale = use_locale();
    let title = Signal::derive(move || {
        let name = subject.get().map(|group| group.name).unwrap_or_default();
        td_string!(locale, users.remove_group_title, name = name)
    });
    let submit = Callback::new(move |data: FormData| {
        let fate = text(&data, "fate").parse().unwrap_or(Fate::Archive);
        if let Some(group) = subject.get_untracked() {
            attempt.run(server::remove_group(group.id, fate), move |()| {
                state.refetch();
            });
        }
    });
    let what = move || {
        let sensors = subject.get().map_or(0, |group| group.sensors);
        td_string!(locale, users.remove_group_text, count = sensors)
    };
    view! {
        <FormDialog attempt id="remove-group-title" title submit=td_string!(locale, action.remove) danger=true on_submit=submit>
            <p>{what}</p>
            <FateChoice may_remove=true />
        </FormDialog>
    }
}
