//! A request by the browser itself, as any program would make it: with a token, without the session.

use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{Headers, RequestCredentials, RequestInit, Response};

/// What came back.
#[derive(Clone, Debug)]
pub struct Reply {
    /// Status and its words, or that nothing came.
    pub status: String,
    /// How long it took.
    pub milliseconds: u32,
    /// The body; JSON is laid out to be read.
    pub body: String,
}

/// Asks, and waits for the answer.
pub async fn send(method: &str, address: &str, token: &str, body: &str) -> Reply {
    let begun = js_sys::Date::now();
    let answer = ask(method, address, token, body).await;
    let milliseconds = (js_sys::Date::now() - begun).max(0.0) as u32;
    let (status, body) = answer.unwrap_or_else(|error| (String::from("–"), format!("{error:?}")));
    Reply {
        status,
        milliseconds,
        body,
    }
}

async fn ask(
    method: &str,
    address: &str,
    token: &str,
    body: &str,
) -> Result<(String, String), JsValue> {
    let headers = Headers::new()?;
    headers.set("Authorization", &format!("Bearer {token}"))?;
    let request = RequestInit::new();
    request.set_method(method);
    request.set_credentials(RequestCredentials::Omit);
    if !body.is_empty() {
        headers.set("Content-Type", "application/json")?;
        request.set_body(&body.into());
    }
    request.set_headers(&headers);
    let window = leptos::prelude::window();
    let response = JsFuture::from(window.fetch_with_str_and_init(address, &request)).await?;
    let response: Response = response.dyn_into()?;
    let text = JsFuture::from(response.text()?).await?;
    let text = text.as_string().unwrap_or_default();
    let status = format!("{} {}", response.status(), response.status_text());
    Ok((status, laid_out(&text).unwrap_or(text)))
}

/// JSON with a line for each field.
fn laid_out(text: &str) -> Option<String> {
    let value = js_sys::JSON::parse(text).ok()?;
    let text = js_sys::JSON::stringify_with_replacer_and_space(&value, &JsValue::NULL, &2.into());
    text.ok()?.as_string()
}
