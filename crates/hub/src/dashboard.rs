//! The dashboard's figures, from rollups.

use skep_model::sensor::Presence;
use skep_model::{
    Address, Bytes, Classification, Severity, Status, Timestamp,
    console::{Count, Dashboard, EventQuery, HourCount},
    time::HOUR,
    user::Role,
};
use skep_store::{Field, Listing, Span};

use crate::{Actor, Hub, HubError};

/// How many rows a list of the dashboard has.
const TOP: u32 = 10;

impl Hub {
    /// What the dashboard shows.
    #[expect(clippy::too_many_lines, reason = "one figure after the other")]
    pub async fn dashboard(&self, actor: &Actor) -> Result<Dashboard, HubError> {
        actor.require(Role::Observer)?;
        let (store, scope) = (&self.0.store, &actor.scope);
        let this_hour = Timestamp::now().hour();
        let since = Timestamp(this_hour.0 - 23 * HOUR);
        let two_days = Timestamp(since.0 - 24 * HOUR);
        let count = async |query: EventQuery| self.count_events(scope, &query).await;

        let by_time = store.events_by_time(scope, Span::Hour, two_days).await?;
        let mut hours: Vec<HourCount> = (0..24)
            .map(|n| HourCount {
                start: Timestamp(since.0 + n * HOUR),
                counts: vec![0; Classification::ALL.len()],
            })
            .collect();
        let (mut last_day, mut day_before) = (0, 0);
        for (start, classification, n) in by_time {
            if start < since {
                day_before += n;
            } else if let Some(hour) = hours.get_mut(((start - since) / HOUR) as usize) {
                last_day += n;
                hour.counts[classification.number() as usize] += n;
            }
        }
        let total = store
            .events_by_time(scope, Span::Day, Timestamp(0))
            .await?
            .iter()
            .map(|(_, _, n)| n)
            .sum();
        let (sources, _) = store
            .sum_values(scope, Field::Source, Span::Hour, since)
            .await?;
        let (_, logins) = store
            .sum_values(scope, Field::User, Span::Hour, since)
            .await?;
        let top = async |field| store.top_values(scope, field, Span::Hour, since, TOP).await;
        let words = |values: Vec<(Vec<u8>, u64)>| {
            values
                .into_iter()
                .map(|(value, n)| (Bytes(value), n))
                .collect()
        };
        let unresolved = vec![Status::New, Status::InProgress];
        let urgent = EventQuery {
            severity: vec![Severity::High, Severity::Critical],
            status: unresolved,
            ..EventQuery::default()
        };
        let sensors = self.sensors(actor).await?;
        Ok(Dashboard {
            waiting: count(EventQuery {
                status: vec![Status::New],
                ..EventQuery::default()
            })
            .await?,
            critical: count(EventQuery {
                status: vec![Status::New],
                severity: vec![Severity::Critical],
                ..EventQuery::default()
            })
            .await?,
            total: Count {
                number: total,
                more: false,
            },
            last_day,
            day_before,
            sources: Count {
                number: sources,
                more: false,
            },
            logins,
            sensors_online: sensors
                .iter()
                .filter(|s| s.presence == Presence::Online)
                .count() as u32,
            sensors: sensors
                .iter()
                .filter(|s| s.presence != Presence::Revoked)
                .count() as u32,
            hours,
            services: store
                .events_by_service(scope, Span::Hour, since, TOP)
                .await?,
            top_sources: top(Field::Source)
                .await?
                .into_iter()
                .filter_map(|(value, n)| Some((Address::from_slice(&value)?, n)))
                .collect(),
            users: words(top(Field::User).await?),
            passwords: words(top(Field::Password).await?),
            urgent: store
                .list_events(&Listing {
                    scope,
                    query: &urgent,
                    before: None,
                    limit: 8,
                })
                .await?,
        })
    }
}
