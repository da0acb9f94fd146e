//! Quick filters: what the events of the list are, with numbers; each is a link that shows only those.

use leptos::prelude::*;
use skep_model::console::{Count, Tally};

use crate::{
    components::{ClassMark, SeverityMark},
    filter::Filter,
    preferences::use_locale,
    translations::td_string,
    view::view,
    words,
};

/// The most services named; the filter above has them all.
const SERVICES: usize = 6;

/// The quick filters above the list.
#[component]
pub fn Facets(
    /// What there is.
    tally: RwSignal<Option<Tally>>,
    /// What was asked for.
    filter: Filter,
) -> impl IntoView {
    let locale = use_locale();
    let groups = move || {
        let Some(mut tally) = tally.get().filter(|tally| tally.total.number > 0) else {
            return ().into_any();
        };
        let more = tally.total.more;
        tally
            .severity
            .sort_by_key(|(severity, _)| std::cmp::Reverse(*severity));
        tally
            .classification
            .sort_by_key(|(classification, _)| std::cmp::Reverse(*classification));
        tally
            .service
            .sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        tally.service.truncate(SERVICES);
        let severities = tally.severity.into_iter().map(|(severity, number)| Facet {
            value: severity.to_string(),
            mark: view! { <SeverityMark severity /> },
            number,
        });
        let classifications = tally
            .classification
            .into_iter()
            .map(|(class, number)| Facet {
                value: class.to_string(),
                mark: view! { <ClassMark classification=class /> },
                number,
            });
        let services = tally.service.into_iter().map(|(service, number)| Facet {
            value: service.to_string(),
            mark: service.to_string().into_any(),
            number,
        });
        let group =
            |label: &'static str, field: fn(&mut Filter) -> &mut String, facets: Vec<Facet>| {
                let links = facets
                    .into_iter()
                    .map(|facet| facet.link(locale, &filter, field, more))
                    .collect_view();
                view! {
                    <li class="facet">
                        <span class="label">{label}</span>
                        {links}
                    </li>
                }
            };
        view! {
            {group(td_string!(locale, field.severity), |filter| &mut filter.severity, severities.collect())}
            {group(td_string!(locale, field.class), |filter| &mut filter.classification, classifications.collect())}
            {group(td_string!(locale, field.service), |filter| &mut filter.service, services.collect())}
        }
    };
    view! {
        <nav class="facets" aria-label=td_string!(locale, filter.quick)>
            <ul>{groups}</ul>
        </nav>
    }
}

/// One value of a field.
struct Facet {
    value: String,
    mark: AnyView,
    number: u64,
}

impl Facet {
    /// Leads to the events of this value only, or back to all where it was chosen already.
    fn link(
        self,
        locale: crate::translations::Locale,
        filter: &Filter,
        field: fn(&mut Filter) -> &mut String,
        more: bool,
    ) -> AnyView {
        let mut wanted = filter.first();
        let chosen = *field(&mut wanted) == self.value;
        *field(&mut wanted) = if chosen { String::new() } else { self.value };
        let number = Count {
            number: self.number,
            more,
        };
        view! {
            <a href=wanted.address() aria-current=chosen.then_some("true")>
                {self.mark}
                <span class="n">{words::count(locale, number)}</span>
            </a>
        }
    }
}
