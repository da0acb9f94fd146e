//! One part of a file, sent so that it can be seen how far it is.

use std::time::Duration;

use js_sys::Promise;
use leptos::prelude::{SetValue, set_timeout};
use send_wrapper::SendWrapper;
use skep_model::service::UploadView;
use wasm_bindgen::{JsCast, JsValue, prelude::Closure};
use wasm_bindgen_futures::JsFuture;
use web_sys::{File, ProgressEvent, XmlHttpRequest};

use super::{Stage, Upload, note::Note};
use crate::failure::Failure;

/// How much is sent at a time: what is lost at most when the connection breaks.
const PART: u64 = 8 * 1024 * 1024;

/// Sends the part of the file that begins here. Only the browser's older way of asking tells how much has been sent.
pub async fn send(
    upload: Upload,
    turn: u32,
    file: &File,
    note: &Note,
    offset: u64,
) -> Result<UploadView, Failure> {
    let end = note.length.min(offset + PART);
    let unreachable = |_: JsValue| Failure::Unreachable;
    let part = file
        .slice_with_f64_and_f64(offset as f64, end as f64)
        .map_err(unreachable)?;
    let request = XmlHttpRequest::new().map_err(unreachable)?;
    upload
        .request
        .set_value(Some(SendWrapper::new(request.clone())));
    let progress = Closure::<dyn FnMut(ProgressEvent)>::new(move |event: ProgressEvent| {
        upload.show_at(turn, Stage::Sending(offset + event.loaded() as u64));
    });
    if let Ok(sending) = request.upload() {
        sending.set_onprogress(Some(progress.as_ref().unchecked_ref()));
    }
    let ended = Promise::new(&mut |resolve, _| request.set_onloadend(Some(&resolve)));
    let address = format!("/fn/append_upload?id={}&offset={offset}", note.id);
    request.open("POST", &address).map_err(unreachable)?;
    request
        .send_with_opt_blob(Some(&part))
        .map_err(unreachable)?;
    JsFuture::from(ended).await.map_err(unreachable)?;
    answer(&request)
}

/// What the server answered. Where a connection broke there is no answer; where something stands before the server, one
/// that is not the server's.
fn answer(request: &XmlHttpRequest) -> Result<UploadView, Failure> {
    let text = request.response_text().ok().flatten().unwrap_or_default();
    let read = text.as_bytes();
    if request.status().is_ok_and(|status| status == 200) {
        serde_json::from_slice(read).map_err(|_| Failure::Misunderstood)
    } else {
        Err(serde_json::from_slice(read).unwrap_or(Failure::Unreachable))
    }
}

/// Waits.
pub async fn wait(pause: Duration) {
    let over = Promise::new(&mut |resolve, _| {
        set_timeout(
            move || {
                let _ = resolve.call0(&JsValue::NULL);
            },
            pause,
        );
    });
    let _ = JsFuture::from(over).await;
}
