//! The quarantine: parts of events that could not be taken.

use leptos::prelude::*;
use skep_model::system::QuarantineView;
use web_sys::FormData;

use crate::{
    answer::{Answer, ask},
    components::{
        Attempt, Awaited, Empty, FailureNote, FormDialog, Icon, Loading, Page, Payload, Problem,
        Time,
    },
    preferences::use_locale,
    server,
    translations::td_string,
    view::view,
};

type Parts = Answer<Vec<QuarantineView>>;

/// The quarantine.
#[component]
pub fn Quarantine() -> impl IntoView {
    let locale = use_locale();
    let parts: Parts = ask(|| (), |()| server::quarantine(None));
    let subject = RwSignal::new(None::<i64>);
    let discard = Attempt::new();
    let title = td_string!(locale, nav.quarantine);
    let content = move || {
        Suspend::new(async move {
            match parts.await {
                Ok(list) if list.is_empty() => view! {
                    <section class="panel">
                        <Empty icon="running" title=td_string!(locale, quarantine.none) text=td_string!(locale, quarantine.none_text) />
                    </section>
                },
                Ok(list) => {
                    let panels = list
                        .into_iter()
                        .map(|part| view! { <Part part parts subject discard /> })
                        .collect_view();
                    view! {
                        <p class="muted lead">{td_string!(locale, quarantine.text)}</p>
                        <div class="stack">{panels}</div>
                    }
                }
                Err(failure) => view! { <FailureNote failure /> },
            }
        })
    };
    let submit = Callback::new(move |_: FormData| {
        if let Some(id) = subject.get_untracked() {
            discard.run(server::discard_quarantined(id), move |()| parts.refetch());
        }
    });
    view! {
        <Page title heading=view! { <h1>{title}</h1> }>
            <Awaited view=content before=Loading />
            <FormDialog
                attempt=discard
                id="discard-title"
                title=Signal::derive(move || td_string!(locale, quarantine.discard_title).to_owned())
                submit=td_string!(locale, quarantine.discard)
                danger=true
                on_submit=submit
            >
                <p>{td_string!(locale, quarantine.discard_text)}</p>
            </FormDialog>
        </Page>
    }
}

/// One rejected part: from whom, why, and its bytes.
#[component]
fn Part(
    part: QuarantineView,
    parts: Parts,
    subject: RwSignal<Option<i64>>,
    discard: Attempt,
) -> impl IntoView {
    let locale = use_locale();
    let retry = Attempt::new();
    let still = RwSignal::new(None::<String>);
    let id = part.id;
    let again = move |_| {
        retry.run(server::retry_quarantined(id), move |reason| {
            let taken = reason.is_none();
            still.set(reason);
            if taken {
                parts.refetch();
            }
        });
    };
    let ask = move |_| {
        subject.set(Some(id));
        discard.ask();
    };
    let answer = move || {
        still.get().map(|reason| {
            view! {
                <p class="note" role="status">
                    <Icon name="failed" />
                    {td_string!(locale, quarantine.still)}
                    " "
                    {reason}
                </p>
            }
        })
    };
    view! {
        <section class="panel" aria-label=part.sensor.name.clone()>
            <header>
                <h2>{part.sensor.name.clone()}</h2>
                <p>
                    <Time at=part.received_at />
                </p>
                <div class="end acts">
                    <button type="button" class="btn s" on:click=again>
                        {td_string!(locale, quarantine.retry)}
                    </button>
                    <button type="button" class="btn s danger" on:click=ask>
                        {td_string!(locale, quarantine.discard)}
                    </button>
                </div>
            </header>
            <div class="body stack">
                <p class="wrap">{part.reason}</p>
                {answer}
                <Problem failure=retry.failure />
                <Payload bytes=part.raw />
            </div>
        </section>
    }
}
