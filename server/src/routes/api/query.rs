//! The event list's parameters. A field may be given several times, or with values between commas: any may fit.

use std::str::FromStr;

use skep_model::{
    Timestamp,
    console::{Cursor, EventQuery},
};

/// What was asked for.
pub(super) struct ListQuery {
    pub(super) query: EventQuery,
    pub(super) cursor: Option<Cursor>,
    pub(super) limit: u32,
}

/// Events on a page when nothing is said.
const LIMIT: u32 = 50;

/// Reads the parameters, or says which one is wrong and what it should be.
pub(super) fn parse(pairs: &[(String, String)]) -> Result<ListQuery, String> {
    let mut list = ListQuery {
        query: EventQuery::default(),
        cursor: None,
        limit: LIMIT,
    };
    for (name, text) in pairs {
        let query = &mut list.query;
        match name.as_str() {
            "limit" => {
                list.limit = one(name, text)?;
                if !(1..=200).contains(&list.limit) {
                    return Err("limit: expected 1 to 200".to_owned());
                }
            }
            "cursor" => list.cursor = Some(one(name, text)?),
            "archived" => query.archived = one(name, text)?,
            "since" => query.since = Some(time(text)?),
            "source" => query.source = Some(one(name, text)?),
            "sensor" => query.sensor.append(&mut several(name, text)?),
            "service" => query.service.append(&mut several(name, text)?),
            "classification" => query.classification.append(&mut several(name, text)?),
            "severity" => query.severity.append(&mut several(name, text)?),
            "status" => query.status.append(&mut several(name, text)?),
            _ => return Err("there is a parameter that is not known; known are limit, cursor, archived, since, sensor, source, \
                             service, classification, severity, status".to_owned()),
        }
    }
    let most = [
        list.query.sensor.len(),
        list.query.service.len(),
        list.query.classification.len(),
    ];
    if most.into_iter().any(|n| n > 100) {
        return Err("at most 100 values of one parameter".to_owned());
    }
    Ok(list)
}

fn one<T: FromStr<Err: std::fmt::Display>>(name: &str, text: &str) -> Result<T, String> {
    text.parse().map_err(|error| format!("{name}: {error}"))
}

fn several<T: FromStr<Err: std::fmt::Display>>(name: &str, text: &str) -> Result<Vec<T>, String> {
    text.split(',').map(|word| one(name, word)).collect()
}

/// Milliseconds since 1970, or how long ago: `30m`, `24h`, `7d`.
fn time(text: &str) -> Result<Timestamp, String> {
    let expected =
        || "since: expected milliseconds since 1970 UTC, or a span such as 30m, 24h, 7d".to_owned();
    if let Ok(milliseconds) = text.parse::<i64>() {
        return Ok(Timestamp(milliseconds));
    }
    let unit = match text.chars().last() {
        Some('m') => 60,
        Some('h') => 3600,
        Some('d') => 86_400,
        _ => return Err(expected()),
    };
    let number: u32 = text[..text.len() - 1].parse().map_err(|_| expected())?;
    Ok(Timestamp::now().before(std::time::Duration::from_secs(u64::from(number) * unit)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(query: &str) -> Result<ListQuery, String> {
        let pairs: Vec<(String, String)> = query
            .split('&')
            .filter_map(|p| p.split_once('='))
            .map(|(n, v)| (n.to_owned(), v.to_owned()))
            .collect();
        parse(&pairs)
    }

    #[test]
    fn values_add_up_and_errors_name_the_parameter() {
        let list = parsed("status=new,in_progress&status=ignored&limit=3&cursor=5-7&since=1000");
        assert!(list.is_ok_and(|list| list.query.status.len() == 3
            && list.limit == 3
            && list.cursor
                == Some(Cursor {
                    started_at: Timestamp(5),
                    number: 7
                })
            && list.query.since == Some(Timestamp(1000))));
        for (query, word) in [
            ("limit=0", "limit"),
            ("status=old", "status"),
            ("source=x", "source"),
            ("since=h", "since"),
            ("a=1", "known"),
        ] {
            assert!(
                parsed(query).is_err_and(|error| error.contains(word)),
                "{query}"
            );
        }
    }
}
