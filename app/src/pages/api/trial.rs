//! A form that asks the API in the reader's own name.

use leptos::{ev, prelude::*, task::spawn_local};
use skep_model::api::{ApiField, ApiOperation};
use web_sys::FormData;

use super::request::{self, Reply};
use crate::{
    components::{CopyLine, Icon, submitted_data, text},
    preferences::use_locale,
    translations::td_string,
    view::view,
};

/// Fields for what an operation takes, a button that asks, the same for the command line, and the answer.
#[component]
pub fn Trial(operation: ApiOperation, token: RwSignal<String>) -> impl IntoView {
    let locale = use_locale();
    let reply = RwSignal::new(None::<Reply>);
    let command = RwSignal::new(None::<String>);
    let subject = StoredValue::new(operation.clone());
    let submitted = move |event: ev::SubmitEvent| {
        let Some(data) = submitted_data(&event) else {
            return;
        };
        token.set(text(&data, "token"));
        let (method, address, body) = subject.with_value(|operation| asked(operation, &data));
        command.set(Some(curl(&method, &address, &body)));
        spawn_local(async move {
            let got = request::send(&method, &address, &token.get_untracked(), &body).await;
            let _ = reply.try_set(Some(got));
        });
    };
    let fields = operation
        .path_fields
        .iter()
        .chain(&operation.query)
        .cloned()
        .map(|field| view! { <Parameter field /> })
        .collect_view();
    let body = (!operation.example.is_empty()).then(|| {
        view! {
            <div class="field">
                <label for="api-body">{td_string!(locale, api.body)}</label>
                <textarea class="input" id="api-body" name="body" rows="8" spellcheck="false">
                    {operation.example}
                </textarea>
            </div>
        }
    });
    let shown = move || {
        reply.get().map(|reply| {
            view! {
                <div class="stack" role="status">
                    <p>
                        <b>{reply.status}</b>
                        " "
                        <span class="muted">{format!("{} ms", reply.milliseconds)}</span>
                    </p>
                    <pre class="answer" tabindex="0">{reply.body}</pre>
                </div>
            }
        })
    };
    let line = move || {
        command
            .get()
            .map(|command| view! { <CopyLine id="api-command" text=command /> })
    };
    view! {
        <form class="stack" on:submit=submitted>
            <div class="two">
                <div class="field">
                    <label for="token">{td_string!(locale, api.token)}</label>
                    <input class="input" id="token" name="token" type="password" autocomplete="off" prop:value=token aria-describedby="token-hint" />
                    <p class="hint" id="token-hint">{td_string!(locale, api.token_hint)}</p>
                </div>
                {fields}
            </div>
            {body}
            <div>
                <button type="submit" class="btn primary">
                    <Icon name="running" />
                    {td_string!(locale, api.send)}
                </button>
            </div>
        </form>
        {line}
        {shown}
    }
}

#[component]
fn Parameter(field: ApiField) -> impl IntoView {
    let id = format!("api-{}", field.name);
    view! {
        <div class="field">
            <label for=id.clone()>{field.name.clone()}</label>
            <input class="input" id=id name=field.name required=field.required placeholder=field.kind autocomplete="off" spellcheck="false" />
        </div>
    }
}

/// Method, address and body, as the form says.
fn asked(operation: &ApiOperation, data: &FormData) -> (String, String, String) {
    let encoded =
        |field: &ApiField| String::from(js_sys::encode_uri_component(&text(data, &field.name)));
    let mut address = operation.path.clone();
    for field in &operation.path_fields {
        address = address.replace(&format!("{{{}}}", field.name), &encoded(field));
    }
    let mut sign = '?';
    for field in &operation.query {
        let value = encoded(field);
        if !value.is_empty() {
            address = format!("{address}{sign}{}={value}", field.name);
            sign = '&';
        }
    }
    let body = if operation.example.is_empty() {
        String::new()
    } else {
        text(data, "body")
    };
    (operation.method.clone(), address, body)
}

/// The same for a shell, without the secret.
fn curl(method: &str, address: &str, body: &str) -> String {
    let origin = window().location().origin().unwrap_or_default();
    let quoted = |text: &str| format!("'{}'", text.replace('\'', r"'\''"));
    let mut command = "curl -H \"Authorization: Bearer $SKEP_TOKEN\"".to_owned();
    if method != "GET" {
        command = format!("{command} -X {method}");
    }
    if !body.is_empty() {
        let body = body.lines().map(str::trim).collect::<String>();
        command = format!(
            "{command} -H 'Content-Type: application/json' -d {}",
            quoted(&body)
        );
    }
    format!("{command} {}", quoted(&format!("{origin}{address}")))
}
