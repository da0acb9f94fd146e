//! The audit log: who changed what, from where.

use leptos::prelude::*;
use leptos_router::{hooks::use_query_map, params::ParamsMap};
use skep_model::{
    ids::EventId,
    system::{AuditQuery, AuditView, Change},
};

use crate::{
    answer::ask,
    components::{Awaited, Choose, Empty, FailureNote, Field, Loading, Page, Time, TimeForm},
    preferences::use_locale,
    server,
    translations::td_string,
    view::view,
    words,
};

fn read(address: &ParamsMap) -> AuditQuery {
    let text = |name: &str| address.get(name).unwrap_or_default().trim().to_owned();
    AuditQuery {
        user: text("user"),
        kind: text("kind"),
        object: text("object"),
        before: text("before").parse().ok(),
    }
}

/// The address of the page that begins after an entry.
fn older(query: &AuditQuery, next: i64) -> String {
    let mut map = ParamsMap::new();
    for (name, value) in [
        ("user", &query.user),
        ("kind", &query.kind),
        ("object", &query.object),
    ] {
        if !value.is_empty() {
            map.insert(name, value.clone());
        }
    }
    map.insert("before", next.to_string());
    format!("/audit{}", map.to_query_string())
}

/// The audit log.
#[component]
pub fn Audit() -> impl IntoView {
    let locale = use_locale();
    let address = use_query_map();
    let query = Memo::new(move |_| address.with(read));
    let page = ask(move || query.get(), server::audit_log);
    let title = td_string!(locale, nav.audit);
    let content = move || {
        Suspend::new(async move {
            match page.await {
                Ok(page) if page.entries.is_empty() => view! {
                    <section class="panel">
                        <Empty icon="audit" title=td_string!(locale, audit.none) text=td_string!(locale, audit.none_text) />
                    </section>
                },
                Ok(page) => {
                    let query = query.get_untracked();
                    let links = page.next.map(|next| {
                        view! {
                            <nav class="pager" aria-label=td_string!(locale, events.pages)>
                                <a class="btn" href=older(&query, next)>
                                    {td_string!(locale, events.older)}
                                </a>
                            </nav>
                        }
                    });
                    view! {
                        <Table entries=page.entries />
                        {links}
                    }
                }
                Err(failure) => view! { <FailureNote failure /> },
            }
        })
    };
    view! {
        <Page title heading=view! { <h1>{title}</h1> }>
            <Filters query />
            <Awaited view=content before=Loading />
        </Page>
    }
}

#[component]
fn Filters(query: Memo<AuditQuery>) -> impl IntoView {
    let locale = use_locale();
    let known = ask(|| (), |()| server::audit_words());
    let choices = move || {
        Suspend::new(async move {
            let (users, kinds) = known.await.unwrap_or_default();
            let any = || (String::new(), td_string!(locale, filter.any).to_owned());
            let users: Vec<_> = std::iter::once(any())
                .chain(users.into_iter().map(|name| (name.clone(), name)))
                .collect();
            let kinds: Vec<_> = std::iter::once(any())
                .chain(kinds.into_iter().map(|kind| {
                    let word = words::audit_kind(locale, &kind);
                    (kind, word)
                }))
                .collect();
            let now = query.get_untracked();
            view! {
                <Choose name="user" label=td_string!(locale, audit.who) choices=users current=now.user />
                <Choose name="kind" label=td_string!(locale, audit.kind) choices=kinds current=now.kind />
            }
        })
    };
    let object = query.with_untracked(|query| query.object.clone());
    view! {
        <form class="filters boxed" method="get" action="/audit" role="search">
            <Awaited view=choices />
            <Field name="object" label=td_string!(locale, audit.object) value=object complaint=None />
            <div class="filter-acts">
                <button type="submit" class="btn">
                    {td_string!(locale, filter.apply)}
                </button>
            </div>
        </form>
    }
}

#[component]
fn Table(entries: Vec<AuditView>) -> impl IntoView {
    let locale = use_locale();
    let lines = entries.into_iter().map(line).collect_view();
    view! {
        <section class="panel">
            <table class="tbl cards">
                <caption class="vh">{td_string!(locale, nav.audit)}</caption>
                <thead>
                    <tr>
                        <th scope="col">{td_string!(locale, field.time)}</th>
                        <th scope="col">{td_string!(locale, audit.who)}</th>
                        <th scope="col">{td_string!(locale, audit.action)}</th>
                        <th scope="col">{td_string!(locale, audit.object)}</th>
                        <th scope="col">{td_string!(locale, audit.changes)}</th>
                        <th scope="col">{td_string!(locale, audit.from)}</th>
                    </tr>
                </thead>
                <tbody>{lines}</tbody>
            </table>
        </section>
    }
}

fn line(entry: AuditView) -> AnyView {
    let locale = use_locale();
    let changes = entry.changes.iter().map(change).collect_view();
    let what = format!(
        "{}: {}",
        words::audit_kind(locale, &entry.kind),
        words::audit_action(locale, &entry.action)
    );
    let object = if entry.kind == "event" && entry.object.parse::<EventId>().is_ok() {
        let href = format!("/events/{}", entry.object);
        view! { <a href=href>{entry.object}</a> }
    } else {
        entry.object.into_any()
    };
    view! {
        <tr>
            <td data-l=td_string!(locale, field.time)>
                <Time at=entry.at form=TimeForm::Short />
            </td>
            <td data-l=td_string!(locale, audit.who)>{entry.user_name}</td>
            <td data-l=td_string!(locale, audit.action)>{what}</td>
            <td class="wrap" data-l=td_string!(locale, audit.object)>{object}</td>
            <td data-l=td_string!(locale, audit.changes)>
                <ul class="changes">{changes}</ul>
            </td>
            <td class="mono" data-l=td_string!(locale, audit.from)>
                {entry.address.map(|address| address.to_string())}
            </td>
        </tr>
    }
}

fn change(change: &Change) -> AnyView {
    let before = change
        .before
        .clone()
        .map(|text| view! { <del>{text}</del> " " });
    let after = change.after.clone().map(|text| view! { <ins>{text}</ins> });
    view! {
        <li>
            <b>{change.field.clone()}</b>
            " "
            {before}
            {after}
        </li>
    }
}
