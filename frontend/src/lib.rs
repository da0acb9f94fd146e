//! The browser's entry point: takes over the page that the server rendered.

use leptos::prelude::window;
use wasm_bindgen::prelude::wasm_bindgen;

/// Called once by the page's script when the module is there. Until the page's part is there too, links and forms are
/// the browser's; without it the page stays as the server made it.
#[wasm_bindgen]
pub async fn hydrate() {
    if cfg!(debug_assertions) {
        console_error_panic_hook::set_once();
    }
    let path = window().location().pathname().unwrap_or_default();
    if skep_app::load_part(&path).await.is_ok() {
        leptos::mount::hydrate_body(skep_app::App);
    }
}
