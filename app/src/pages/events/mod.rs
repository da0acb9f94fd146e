//! The event list.

mod facets;
mod filters;
mod keys;
mod list;
mod pane;
mod selection;
mod table;

use leptos::prelude::*;
use leptos_router::hooks::use_query_map;
use serde::{Deserialize, Serialize};
use skep_model::{console::EventPage, ids::EventId, user::Role};

use self::{filters::Filters, table::EventTable};
use crate::{
    Me,
    answer::ask,
    components::{Awaited, FailureNote, Loading, Page},
    failure::Failure,
    filter::{self, ANY, Filter, OPEN},
    preferences::use_locale,
    server,
    translations::td_string,
    view::view,
    words,
};

/// Events per page.
const PAGE: u32 = 50;

/// A page of the list, and whether there is any event at all: an empty list must say why it is empty.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Listing {
    page: EventPage,
    ever: bool,
}

async fn fetch(filter: Filter) -> Result<Listing, Failure> {
    if !filter.source_fits() {
        // Nothing can match; the field says why.
        return Ok(Listing {
            page: EventPage {
                events: vec![],
                tally: None,
                next: None,
            },
            ever: true,
        });
    }
    let page = server::events(filter.query(words::now()), filter.before, PAGE, true).await?;
    let ever = !page.events.is_empty() || !filter.is_default() || {
        let any = Filter {
            status: ANY.to_owned(),
            ..Filter::default()
        };
        let archived = Filter {
            dataset: filter::ARCHIVE.to_owned(),
            ..any.clone()
        };
        let mut ever = false;
        for place in [any, archived] {
            let page = server::events(place.query(words::now()), None, 1, false).await?;
            ever = !page.events.is_empty();
            if ever {
                break;
            }
        }
        ever
    };
    Ok(Listing { page, ever })
}

/// The event list with its filters.
#[component]
pub fn Events() -> impl IntoView {
    let locale = use_locale();
    let address = use_query_map();
    let filter = Memo::new(move |_| address.with(Filter::read));
    let listing = ask(move || filter.get(), fetch);
    let open = Memo::new(move |_| {
        address
            .with(|address| address.get(OPEN))
            .and_then(|id| id.parse::<EventId>().ok())
    });
    let detail = ask(
        move || open.get(),
        |open| async move {
            match open {
                Some(id) => server::event(id).await.map(Some),
                None => Ok(None),
            }
        },
    );
    let title = td_string!(locale, nav.events);
    let me = expect_context::<Me>().0;
    let table = move || {
        Suspend::new(async move {
            let manager = me.await.is_ok_and(|me| me.role >= Role::Manager);
            match listing.await {
                Ok(listing) => {
                    let filter = filter.get_untracked();
                    let pick = manager && !filter.archived();
                    view! { <EventTable listing filter pick open detail /> }
                }
                Err(failure) => view! { <FailureNote failure /> },
            }
        })
    };
    view! {
        <Page title heading=view! { <h1>{title}</h1> } flush=true>
            <Filters filter />
            <Awaited view=table before=Loading />
        </Page>
    }
}
