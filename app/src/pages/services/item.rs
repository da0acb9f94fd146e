//! One service: what it is in a line, and its revisions when it is opened.

use leptos::prelude::*;
use skep_model::{
    event::ServiceName,
    service::{Image, ImageService, Revision, Rights, ServiceEdit, ServiceEntry},
};

use super::{State, dialogs::Subject};
use crate::{
    components::{Attempt, Icon, Problem},
    preferences::use_locale,
    server,
    translations::td_string,
    view::view,
    words::{self, number},
};

/// A service.
#[component]
pub fn Item(
    entry: ServiceEntry,
    /// Whether the reader may change it.
    admin: bool,
    state: State,
) -> impl IntoView {
    let locale = use_locale();
    let ServiceEntry {
        service,
        image,
        users: count,
        sensors,
    } = entry;
    let more = (count > sensors.len() as u64).then(|| {
        let rest = count - sensors.len() as u64;
        let text = td_string!(locale, services.more_sensors, n = number(locale, rest));
        view! { <a href="/sensors/matrix">{text}</a> }
    });
    let used = td_string!(
        locale,
        services.used,
        count = count,
        n = number(locale, count)
    );
    let kind = match &image {
        Some(image) => {
            let label = label_of(image, image.revision);
            td_string!(locale, services.image, label = label)
        }
        None => td_string!(locale, services.built_in).to_owned(),
    };
    let level = words::level(locale, service.level);
    let interaction = td_string!(locale, services.level_of, level = level);
    let names = sensors
        .into_iter()
        .map(|sensor| {
            let address = format!("/sensors/{}", sensor.id);
            view! { <a class="badge line" href=address>{sensor.name}</a> }
        })
        .collect_view();
    let nobody = (count == 0)
        .then(|| view! { <span class="faint">{td_string!(locale, services.unused)}</span> });
    let images = image.map(|image| view! { <Images image admin state /> });
    view! {
        <li>
            <details name="services">
                <summary>
                    <Icon name="right" small=true />
                    <span class="what">
                        <b>{service.name.to_string()}</b>
                        <span class="muted">{service.description}</span>
                    </span>
                    <span>{kind}</span>
                    <span class="mono">{words::ports(&service.ports)}</span>
                    <span>{interaction}</span>
                    <span>{used}</span>
                </summary>
                <div class="more">
                    <p class="mono">{words::ports(&service.ports)}</p>
                    <p class="chips">
                        <span class="muted">{td_string!(locale, services.used_by)}</span>
                        {names}
                        {more}
                        {nobody}
                    </p>
                    {images}
                </div>
            </details>
        </li>
    }
}

/// What a revision is called.
fn label_of(image: &ImageService, number: u32) -> String {
    let revision = image
        .revisions
        .iter()
        .find(|revision| revision.number == number);
    revision
        .map(|revision| revision.label.clone())
        .unwrap_or_default()
}

/// The revisions of a service whose honeypot is an image, and what can be done with them.
#[component]
fn Images(image: ImageService, admin: bool, state: State) -> impl IntoView {
    let locale = use_locale();
    let attempt = Attempt::new();
    let name = image.name.clone();
    let default = image.revision;
    let allowed = image.allowed.clone();
    let lines = image
        .revisions
        .iter()
        .rev()
        .flat_map(|revision| {
            revision
                .images
                .iter()
                .enumerate()
                .map(|(place, image)| (place == 0, revision.clone(), image.clone()))
        })
        .map(|(first, revision, image)| {
            let acts = (admin && first && revision.number != default).then(|| {
                view! { <Acts name=name.clone() revision=revision.clone() attempt state /> }
            });
            view! { <Line revision image first default allowed=allowed.clone() acts=acts.into_any() /> }
        })
        .collect_view();
    let asked = StoredValue::new(image);
    let edit = move |_| {
        state.subject.set(Some(Subject::Service(asked.get_value())));
        state.edit.ask();
    };
    let remove = move |_| {
        state.subject.set(Some(Subject::Service(asked.get_value())));
        state.remove.ask();
    };
    let acts = admin.then(|| {
        view! {
            <div class="acts">
                <button type="button" class="btn s" on:click=edit>
                    {td_string!(locale, action.edit)}
                </button>
                <button type="button" class="btn s danger" on:click=remove>
                    {td_string!(locale, action.remove)}
                </button>
            </div>
        }
    });
    view! {
        <table class="tbl cards">
            <thead>
                <tr>
                    <th scope="col">{td_string!(locale, services.revision)}</th>
                    <th scope="col">{td_string!(locale, services.architecture)}</th>
                    <th scope="col">{td_string!(locale, services.ports)}</th>
                    <th scope="col">{td_string!(locale, services.digest)}</th>
                    <th scope="col" class="num">{td_string!(locale, services.size)}</th>
                    <th scope="col">
                        <span class="vh">{td_string!(locale, sensors.actions)}</span>
                    </th>
                </tr>
            </thead>
            <tbody>{lines}</tbody>
        </table>
        <Problem failure=attempt.failure />
        {acts}
    }
}

#[component]
fn Line(
    revision: Revision,
    image: Image,
    /// Whether it is the first image of its revision.
    first: bool,
    /// The number of the revision that sensors run.
    default: u32,
    /// What an admin allowed the service.
    allowed: Rights,
    acts: AnyView,
) -> impl IntoView {
    let locale = use_locale();
    let mark = (first && revision.number == default)
        .then(|| view! { " " <span class="badge">{td_string!(locale, services.default)}</span> });
    let lacks = revision.needs.beyond(&allowed);
    let lacks = (first && !lacks.is_empty()).then(|| {
        let text = td_string!(locale, services.lacks, rights = lacks.to_string());
        view! { <p class="hint">{text}</p> }
    });
    let used = (first && revision.instances > 0).then(|| {
        let count = u64::from(revision.instances);
        let text = td_string!(locale, services.instances, count = count, n = count);
        view! { <p class="hint">{text}</p> }
    });
    let digest = short(&image.digest).to_owned();
    view! {
        <tr>
            <th scope="row" data-l=td_string!(locale, services.revision)>{revision.label} {mark} {used} {lacks}</th>
            <td data-l=td_string!(locale, services.architecture)>{image.architecture}</td>
            <td data-l=td_string!(locale, services.ports) class="mono">{words::ports(&revision.ports)}</td>
            <td data-l=td_string!(locale, services.digest) class="mono" title=image.digest>{digest}</td>
            <td data-l=td_string!(locale, services.size) class="num">{words::size(locale, image.size)}</td>
            <td class="acts-cell">{acts}</td>
        </tr>
    }
}

/// The first digits of a digest: enough to tell one from another.
fn short(digest: &str) -> &str {
    digest.get(.."sha256:".len() + 12).unwrap_or(digest)
}

/// What can be done with a revision that sensors do not run.
#[component]
fn Acts(name: ServiceName, revision: Revision, attempt: Attempt, state: State) -> impl IntoView {
    let locale = use_locale();
    let number = revision.number;
    let subject = Subject::Revision(name.clone(), revision.clone());
    let choose = move |_| {
        let edit = ServiceEdit {
            revision: Some(number),
            ..ServiceEdit::default()
        };
        attempt.run(server::edit_service(name.clone(), edit), move |_| {
            state.refresh();
        });
    };
    let remove = move |_| {
        state.subject.set(Some(subject.clone()));
        state.remove.ask();
    };
    view! {
        <button type="button" class="btn s" on:click=choose>
            {td_string!(locale, services.make_default)}
        </button>
        " "
        <button type="button" class="btn s danger" on:click=remove aria-label=td_string!(locale, action.remove_of, name = revision.label.as_str())>
            {td_string!(locale, action.remove)}
        </button>
    }
}
