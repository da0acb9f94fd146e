//! What a reader chose for this browser: language and theme. Both are cookies, so that the server's first
//! page is right already; the page itself carries them on its `<html>` element, so that hydration agrees.

use leptos::prelude::*;

use crate::translations::Locale;

/// The cookie that keeps the theme.
pub const THEME_COOKIE: &str = "skep_theme";
/// The cookie that keeps the time zone.
pub const ZONE_COOKIE: &str = "skep_zone";
/// The cookie that keeps the language.
pub const LANGUAGE_COOKIE: &str = "skep_language";

/// The language of this page. It is fixed while the page lives; another choice loads it anew.
#[must_use]
pub fn use_locale() -> Locale {
    use_context().unwrap_or_default()
}

/// Finds out the language: on the server from cookie and `Accept-Language`, in the browser from the page.
#[must_use]
pub fn page_locale() -> Locale {
    #[cfg(feature = "ssr")]
    {
        use leptos_i18n::Locale as _;
        request::header("accept-language", |accepted| {
            request::cookie(LANGUAGE_COOKIE)
                .and_then(|word| word.parse().ok())
                .unwrap_or_else(|| Locale::find_locale(&request::languages(&accepted)))
        })
    }
    #[cfg(not(feature = "ssr"))]
    {
        document()
            .document_element()
            .and_then(|html| html.get_attribute("lang"))
            .and_then(|word| word.parse().ok())
            .unwrap_or_default()
    }
}

/// The theme that the reader chose, `light` or `dark`; without a choice the system's.
#[cfg(feature = "ssr")]
#[must_use]
pub fn chosen_theme() -> Option<&'static str> {
    match request::cookie(THEME_COOKIE).as_deref() {
        Some("light") => Some("light"),
        Some("dark") => Some("dark"),
        _ => None,
    }
}

/// Switches the page between light and dark, and remembers it.
pub fn switch_theme() {
    let Some(html) = document().document_element() else {
        return;
    };
    let dark = match html.get_attribute("data-theme").as_deref() {
        Some(theme) => theme == "dark",
        None => window()
            .match_media("(prefers-color-scheme: dark)")
            .ok()
            .flatten()
            .is_some_and(|query| query.matches()),
    };
    let theme = if dark { "light" } else { "dark" };
    if html.set_attribute("data-theme", theme).is_ok() {
        remember(THEME_COOKIE, theme);
    }
}

/// Remembers the language and loads the page in it.
pub fn switch_language(locale: Locale) {
    remember(LANGUAGE_COOKIE, leptos_i18n::Locale::as_str(locale));
    let _ = window().location().reload();
}

/// The time zone that the reader chose; `None` for the browser's own. For the browser only: the server writes UTC.
#[must_use]
pub fn chosen_zone() -> Option<String> {
    remembered(ZONE_COOKIE)
}

/// Makes the page, which is in `locale`, agree with what its reader chose: a log-in brings choices along that this
/// browser did not know.
pub fn agree(locale: Locale) {
    if let Some(theme) = remembered(THEME_COOKIE)
        && let Some(html) = document().document_element()
    {
        let _ = html.set_attribute("data-theme", &theme);
    }
    let chosen = remembered(LANGUAGE_COOKIE).and_then(|word| word.parse::<Locale>().ok());
    if chosen.is_some_and(|chosen| chosen != locale) {
        let _ = window().location().reload();
    }
}

fn remembered(cookie: &str) -> Option<String> {
    use wasm_bindgen::JsCast;
    let page = document().dyn_into::<web_sys::HtmlDocument>().ok()?;
    page.cookie()
        .ok()?
        .split(';')
        .filter_map(|pair| pair.trim().split_once('='))
        .find_map(|(name, value)| (name == cookie).then(|| value.to_owned()))
}

/// The names of the time zones that the browser knows.
#[must_use]
pub fn zones() -> Vec<String> {
    let known = || -> Option<js_sys::Array> {
        use wasm_bindgen::JsCast;
        let intl = js_sys::Reflect::get(&js_sys::global(), &"Intl".into()).ok()?;
        let values = js_sys::Reflect::get(&intl, &"supportedValuesOf".into()).ok()?;
        let values: js_sys::Function = values.dyn_into().ok()?;
        values
            .call1(&intl, &"timeZone".into())
            .ok()?
            .dyn_into()
            .ok()
    };
    std::iter::once("UTC".to_owned())
        .chain(
            known()
                .unwrap_or_default()
                .iter()
                .filter_map(|zone| zone.as_string()),
        )
        .collect()
}

fn remember(name: &str, value: &str) {
    use wasm_bindgen::JsCast;
    if let Ok(page) = document().dyn_into::<web_sys::HtmlDocument>() {
        let _ = page.set_cookie(&format!(
            "{name}={value}; Path=/; Max-Age=31536000; SameSite=Lax"
        ));
    }
}

/// Reads the request that is being answered.
#[cfg(feature = "ssr")]
mod request {
    use axum::http::request::Parts;
    use leptos::prelude::*;

    pub fn header<T>(name: &str, read: impl FnOnce(String) -> T) -> T {
        let value = use_context::<Parts>()
            .and_then(|parts| Some(parts.headers.get(name)?.to_str().ok()?.to_owned()))
            .unwrap_or_default();
        read(value)
    }

    pub fn cookie(name: &str) -> Option<String> {
        header("cookie", |cookies| {
            cookies
                .split(';')
                .filter_map(|pair| pair.trim().split_once('='))
                .find_map(|(key, value)| (key == name).then(|| value.to_owned()))
        })
    }

    /// The languages of an `Accept-Language` header, in the order given, which is the order of liking with
    /// every browser there is.
    pub fn languages(accepted: &str) -> Vec<String> {
        accepted
            .split(',')
            .filter_map(|entry| entry.split(';').next())
            .map(|language| language.trim().to_owned())
            .filter(|language| !language.is_empty() && language != "*")
            .take(8)
            .collect()
    }
}
