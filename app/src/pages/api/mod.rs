//! The REST API: what programs can ask for, to read and to try.

mod request;
mod trial;

use leptos::prelude::*;
use leptos_router::hooks::use_query_map;
use skep_model::api::{ApiField, ApiOperation};

use crate::{
    answer::{Answer, ask},
    components::{Awaited, FailureNote, Loading, Page},
    preferences::use_locale,
    server,
    translations::td_string,
    view::view,
};
use trial::Trial;

/// The REST API. The operation that is shown stands in the address.
#[component]
pub fn Api() -> impl IntoView {
    let locale = use_locale();
    let reference: Answer<Vec<ApiOperation>> = ask(|| (), |()| server::api_reference());
    let address = use_query_map();
    let chosen = Memo::new(move |_| address.with(|address| address.get("operation")));
    let token = RwSignal::new(String::new());
    let title = td_string!(locale, nav.api);
    let content = move || {
        Suspend::new(async move {
            match reference.await {
                Ok(operations) => {
                    let list = view! { <List operations=operations.clone() chosen /> };
                    let operation = move || {
                        let id = chosen.get();
                        let find = |it: &&ApiOperation| id.as_ref().is_some_and(|id| *id == it.id);
                        let operation = operations.iter().find(find).or(operations.first());
                        operation
                            .cloned()
                            .map(|operation| view! { <Operation operation token /> })
                    };
                    view! {
                        <div class="api">
                            {list}
                            <div class="stack" lang="en">
                                {operation}
                            </div>
                        </div>
                    }
                }
                Err(failure) => view! { <FailureNote failure /> },
            }
        })
    };
    view! {
        <Page title heading=view! { <h1>{title}</h1> }>
            <p class="muted lead">
                {td_string!(locale, api.text)} " "
                <a href="/api/v1/openapi.json" rel="external" download="skep-openapi.json">
                    {td_string!(locale, api.document)}
                </a>
            </p>
            <Awaited view=content before=Loading />
        </Page>
    }
}

/// All operations, by what they are about.
#[component]
fn List(operations: Vec<ApiOperation>, chosen: Memo<Option<String>>) -> impl IntoView {
    let locale = use_locale();
    let first = operations.first().map(|operation| operation.id.clone());
    let group = move |tag: &[ApiOperation]| {
        let name = tag.first().map(|it| it.tag.clone()).unwrap_or_default();
        let links = tag
            .iter()
            .map(|operation| {
                let id = operation.id.clone();
                let first = first.clone();
                let current =
                    move || (chosen.get().or(first.clone()) == Some(id.clone())).then_some("page");
                view! {
                    <li>
                        <a href=format!("/api?operation={}", operation.id) aria-current=current>
                            <code class="method">{operation.method.clone()}</code>
                            <span>{operation.summary.clone()}</span>
                        </a>
                    </li>
                }
            })
            .collect_view();
        view! {
            <h2>{name}</h2>
            <ul>{links}</ul>
        }
    };
    let groups = operations
        .chunk_by(|one, next| one.tag == next.tag)
        .map(group)
        .collect_view();
    view! {
        <nav class="panel api-list" aria-label=td_string!(locale, api.operations) lang="en">
            {groups}
        </nav>
    }
}

/// One operation: what it takes and gives, and a form to try it.
#[component]
fn Operation(operation: ApiOperation, token: RwSignal<String>) -> impl IntoView {
    let locale = use_locale();
    let asked = [
        operation.path_fields.clone(),
        operation.query.clone(),
        operation.body.clone(),
    ]
    .concat();
    let answer = operation.answer.clone();
    let summary = operation.summary.clone();
    view! {
        <section class="panel" aria-label=summary>
            <header>
                <h2>{summary.clone()}</h2>
                <p>
                    <code class="method">{operation.method.clone()}</code>
                    " "
                    <code>{operation.path.clone()}</code>
                </p>
            </header>
            <div class="body stack">
                <p class="muted">{operation.needs.clone()}</p>
                <Trial operation token />
            </div>
        </section>
        <Fields title=td_string!(locale, api.takes) fields=asked />
        <Fields title=td_string!(locale, api.gives) fields=answer />
    }
}

/// A table of fields.
#[component]
fn Fields(title: &'static str, fields: Vec<ApiField>) -> impl IntoView {
    let locale = use_locale();
    if fields.is_empty() {
        return ().into_any();
    }
    let rows = fields
        .into_iter()
        .map(|field| {
            let needed = field.required.then(|| td_string!(locale, api.needed));
            view! {
                <tr>
                    <td>
                        <code>{field.name}</code>
                    </td>
                    <td class="wrap">{field.kind}</td>
                    <td>{needed}</td>
                    <td class="wrap">{field.about}</td>
                </tr>
            }
        })
        .collect_view();
    view! {
        <section class="panel" aria-label=title>
            <header>
                <h2>{title}</h2>
            </header>
            <div class="scroll" tabindex="0" role="group" aria-label=title>
                <table class="table fields">
                    <thead>
                        <tr>
                            <th scope="col">{td_string!(locale, field.name)}</th>
                            <th scope="col">{td_string!(locale, api.kind)}</th>
                            <th scope="col">
                                <span class="vh">{td_string!(locale, api.needed)}</span>
                            </th>
                            <th scope="col">{td_string!(locale, api.meaning)}</th>
                        </tr>
                    </thead>
                    <tbody>{rows}</tbody>
                </table>
            </div>
        </section>
    }
}
