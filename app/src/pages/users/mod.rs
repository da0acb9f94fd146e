//! Users and groups.

mod groups;
mod people;

use leptos::prelude::*;
use skep_model::user::{GroupView, UserView};

use self::{groups::Groups, people::People};
use crate::{
    answer::{Answer, ask},
    components::Page,
    preferences::use_locale,
    server,
    translations::td_string,
    view::view,
};

/// What both parts of the page show.
#[derive(Clone, Copy)]
struct State {
    users: Answer<Vec<UserView>>,
    groups: Answer<Vec<GroupView>>,
}

impl State {
    /// Reads both anew: each counts the other.
    fn refetch(self) {
        self.users.refetch();
        self.groups.refetch();
    }
}

/// Users and groups.
#[component]
pub fn Users() -> impl IntoView {
    let locale = use_locale();
    let state = State {
        users: ask(|| (), |()| server::users()),
        groups: ask(|| (), |()| server::group_views()),
    };
    let title = td_string!(locale, nav.users);
    view! {
        <Page title heading=view! { <h1>{title}</h1> }>
            <div class="stack">
                <People state />
                <Groups state />
            </div>
        </Page>
    }
}
