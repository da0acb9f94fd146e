//! The server itself: what it is, its certificates, its settings.

use leptos::prelude::*;
use skep_model::{
    Refusal,
    system::{About, Settings},
    user::Role,
};
use web_sys::FormData;

use crate::{
    Me,
    answer::{Answer, ask},
    components::{
        Attempt, Awaited, Checks, FailureNote, Field, FormDialog, Icon, Loading, Page, Problem,
        Time, TimeForm, submitted_data, text,
    },
    failure::Failure,
    preferences::use_locale,
    server,
    translations::td_string,
    view::view,
};

/// The settings' fields that are numbers.
const NUMBERS: [&str; 4] = [
    "offline_after",
    "audit_days",
    "archive_after_days",
    "archive_days",
];
/// What the names of the fields begin with that hold a service's ports.
const DEFAULTS: &str = "sensor_defaults.";

/// The server itself.
#[component]
pub fn System() -> impl IntoView {
    let locale = use_locale();
    let me = expect_context::<Me>().0;
    let about = ask(|| (), |()| server::about());
    let settings = ask(|| (), |()| server::settings());
    let title = td_string!(locale, nav.system);
    let facts = move || {
        Suspend::new(async move {
            let admin = me.await.is_ok_and(|me| me.role == Role::Admin);
            match about.await {
                Ok(now) => view! { <Facts now about admin /> },
                Err(failure) => view! { <FailureNote failure /> },
            }
        })
    };
    let form = move || {
        Suspend::new(async move {
            let admin = me.await.is_ok_and(|me| me.role == Role::Admin);
            match settings.await {
                Ok(now) => view! { <Form now about admin /> },
                Err(failure) => view! { <FailureNote failure /> },
            }
        })
    };
    view! {
        <Page title heading=view! { <h1>{title}</h1> }>
            <div class="stack">
                <Awaited view=form before=Loading />
                <Awaited view=facts before=Loading />
                <Licences />
            </div>
        </Page>
    }
}

#[component]
fn Facts(now: About, about: Answer<About>, admin: bool) -> impl IntoView {
    let locale = use_locale();
    let renew = Attempt::new();
    let submit = Callback::new(move |_: FormData| {
        renew.run(server::renew_certificates(), move |_| about.refetch());
    });
    let question = admin.then(|| {
        view! {
            <button type="button" class="btn s" on:click=move |_| renew.ask()>
                {td_string!(locale, system.renew)}
            </button>
            <FormDialog
                attempt=renew
                id="renew-title"
                title=Signal::derive(move || td_string!(locale, system.renew_title).to_owned())
                submit=td_string!(locale, system.renew)
                on_submit=submit
            >
                <p>{td_string!(locale, system.renew_text)}</p>
            </FormDialog>
        }
    });
    let certificate_until = now
        .certificate_until
        .map(|at| view! { <Time at form=TimeForm::Exact /> });
    let fact = |label: &'static str, value: AnyView| {
        view! {
            <div>
                <dt>{label}</dt>
                <dd>{value}</dd>
            </div>
        }
    };
    let fingerprint = now.authority.clone();
    view! {
        <section class="panel" aria-labelledby="about">
            <header>
                <h2 id="about">{td_string!(locale, system.about)}</h2>
                <div class="end">{question}</div>
            </header>
            <dl class="facts inner">
                {fact(td_string!(locale, field.version), now.version.into_any())}
                {fact(td_string!(locale, system.database), now.database.into_any())}
                {fact(td_string!(locale, system.running_since), view! { <Time at=now.started_at form=TimeForm::Exact /> })}
                {fact(td_string!(locale, system.called_at), view! { <code>{now.endpoint}</code> })}
                {fact(td_string!(locale, system.authority_until), view! { <Time at=now.authority_until form=TimeForm::Exact /> })}
                {fact(td_string!(locale, system.certificate_until), certificate_until.into_any())}
            </dl>
            <p class="body hint wrap">
                {td_string!(locale, system.fingerprint)} " " <code class="wrap">{fingerprint}</code>
            </p>
        </section>
    }
}

#[component]
fn Form(now: Settings, about: Answer<About>, admin: bool) -> impl IntoView {
    let locale = use_locale();
    let attempt = Attempt::new();
    let saved = RwSignal::new(false);
    let submitted = move |event: leptos::ev::SubmitEvent| {
        saved.set(false);
        if let Some(data) = submitted_data(&event) {
            attempt.run(server::edit_settings(read(&data)), move |_| {
                saved.set(true);
                about.refetch();
            });
        }
    };
    // Every field says for itself what is wrong with it.
    let unsaid = Signal::derive(move || {
        let failure = attempt.failure.get();
        failure.filter(|failure| !matches!(failure, Failure::Refused(Refusal::Invalid { .. })))
    });
    let number = |name: &'static str, label: &'static str, hint: &'static str, value: u32| {
        view! {
            <Field name=name label=label kind="number" value=value.to_string() hint=hint required=true complaint=attempt.about(name) />
        }
    };
    let [offline, audit, archive_after, archive] = NUMBERS;
    let defaults = now
        .sensor_defaults
        .into_iter()
        .flatten()
        .map(|(service, ports)| {
            let name = format!("{DEFAULTS}{service}");
            let ports: Vec<String> = ports.iter().map(u16::to_string).collect();
            let complaint = attempt.about(name.clone());
            view! { <Field name=name label=service.to_string() value=ports.join(", ") complaint /> }
        })
        .collect_view();
    let permissions = vec![
        (
            "managers_remove_events".to_owned(),
            td_string!(locale, system.managers_remove_events).to_owned(),
            now.managers_remove_events,
        ),
        (
            "managers_remove_sensors".to_owned(),
            td_string!(locale, system.managers_remove_sensors).to_owned(),
            now.managers_remove_sensors,
        ),
        (
            "require_comment".to_owned(),
            td_string!(locale, system.require_comment).to_owned(),
            now.require_comment,
        ),
    ];
    view! {
        <section class="panel" aria-labelledby="settings">
            <header>
                <h2 id="settings">{td_string!(locale, system.settings)}</h2>
                {(!admin).then(|| view! { <p>{td_string!(locale, system.admins_only)}</p> })}
            </header>
            <form class="body stack" on:submit=submitted>
                <fieldset class="plain-set" disabled=!admin>
                    <div class="two">
                        <Field
                            name="endpoint"
                            label=td_string!(locale, system.endpoint)
                            value=now.endpoint
                            hint=td_string!(locale, system.endpoint_hint)
                            complaint=attempt.about("endpoint")
                        />
                        {number(offline, td_string!(locale, system.offline_after), td_string!(locale, system.offline_hint), now.offline_after)}
                        {number(archive_after, td_string!(locale, system.archive_after), td_string!(locale, system.never_hint), now.archive_after_days)}
                        {number(archive, td_string!(locale, system.archive_days), td_string!(locale, system.ever_hint), now.archive_days)}
                        {number(audit, td_string!(locale, system.audit_days), td_string!(locale, system.ever_hint), now.audit_days)}
                    </div>
                    <fieldset class="checks">
                        <legend>{td_string!(locale, system.sensor_defaults)}</legend>
                        <p class="hint">{td_string!(locale, system.sensor_defaults_hint)}</p>
                        <div class="ports">{defaults}</div>
                    </fieldset>
                    <Checks name="may" label=td_string!(locale, system.permissions) choices=permissions complaint=attempt.about("may") />
                </fieldset>
                <Problem failure=unsaid />
                {admin
                    .then(|| {
                        view! {
                            <div class="acts">
                                <button type="submit" class="btn primary">
                                    {td_string!(locale, action.save)}
                                </button>
                                <span class="saved" role="status">
                                    {move || {
                                        saved
                                            .get()
                                            .then(|| {
                                                view! {
                                                    <Icon name="running" small=true />
                                                    {td_string!(locale, action.saved)}
                                                }
                                            })
                                    }}
                                </span>
                            </div>
                        }
                    })}
            </form>
        </section>
    }
}

fn read(data: &FormData) -> Settings {
    // What is no number is out of every bound, and the server says so beside the field.
    let number = |name: &str| text(data, name).trim().parse().unwrap_or(u32::MAX);
    let may: Vec<String> = crate::components::several(data, "may");
    let ticked = |word: &str| may.iter().any(|value| value == word);
    let [offline, audit, archive_after, archive] = NUMBERS.map(number);
    // Nor is it a port.
    let ports = |list: &str| {
        list.split([',', ' '])
            .filter(|word| !word.is_empty())
            .map(|word| word.parse().unwrap_or(0))
            .collect()
    };
    let defaults = data
        .keys()
        .into_iter()
        .filter_map(|name| {
            let name = name.ok()?.as_string()?;
            let service = name.strip_prefix(DEFAULTS)?.parse().ok()?;
            Some((service, ports(&text(data, &name))))
        })
        .collect();
    Settings {
        endpoint: text(data, "endpoint"),
        sensor_defaults: Some(defaults),
        offline_after: offline,
        managers_remove_events: ticked("managers_remove_events"),
        managers_remove_sensors: ticked("managers_remove_sensors"),
        require_comment: ticked("require_comment"),
        audit_days: audit,
        archive_after_days: archive_after,
        archive_days: archive,
    }
}

#[component]
fn Licences() -> impl IntoView {
    let locale = use_locale();
    view! {
        <section class="panel" aria-labelledby="licences">
            <header>
                <h2 id="licences">{td_string!(locale, system.licences)}</h2>
            </header>
            <div class="body stack">
                <p>{td_string!(locale, system.licence_text)}</p>
                <p>
                    <a href="/licences.txt" rel="external">
                        {td_string!(locale, system.libraries)}
                    </a>
                </p>
            </div>
        </section>
    }
}
