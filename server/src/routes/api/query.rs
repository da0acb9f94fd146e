//! The event list's parameters. A field may be given several times, or with values between commas: any may fit.

use std::{borrow::Cow, fmt::Display, str::FromStr};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, de::Error};
use skep_model::{
    Classification, Network, Severity, Status, Timestamp,
    console::{Cursor, EventQuery},
    event::ServiceName,
    ids::SensorId,
};

use super::asking::given;

/// Which events, and how many of them.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct EventParameters {
    /// Events on a page.
    pub(super) limit: Limit,
    /// Where the page begins, as the page before said in `next`.
    #[serde(deserialize_with = "given")]
    #[schemars(with = "String", regex(pattern = r"^[0-9]{1,18}-[0-9]{1,18}$"))]
    cursor: Option<Parsed<Cursor>>,
    /// Archived events instead of live ones.
    archived: bool,
    /// Not before this: milliseconds since 1970 UTC, or how long ago, such as `30m`, `24h`, `7d`.
    #[serde(deserialize_with = "given")]
    #[schemars(with = "String", regex(pattern = r"^([0-9]{1,18}|[0-9]{1,9}[mhd])$"))]
    since: Option<Parsed<Since>>,
    /// Whether to say how many there are in all, and how many of each kind; counting stops at 10,000.
    pub(super) total: bool,
    /// Of this source, or of any in this network.
    #[serde(deserialize_with = "given")]
    #[schemars(with = "Network")]
    source: Option<Network>,
    /// Of any of these sensors, by id.
    sensor: Several<SensorId>,
    /// Of any of these services.
    service: Several<ServiceName>,
    /// Of any of these classifications.
    classification: Several<Classification>,
    /// Of any of these severities.
    severity: Several<Severity>,
    /// Of any of these statuses.
    status: Several<Status>,
}

impl EventParameters {
    /// The question, and where its page begins.
    pub(super) fn question(self) -> (EventQuery, Option<Cursor>) {
        let query = EventQuery {
            archived: self.archived,
            since: self.since.map(|since| since.0.0),
            sensor: self.sensor.0,
            source: self.source,
            service: self.service.0,
            classification: self.classification.0,
            severity: self.severity.0,
            status: self.status.0,
        };
        (query, self.cursor.map(|cursor| cursor.0))
    }
}

/// How many events a page has.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(try_from = "u32")]
#[schemars(inline, extend("minimum" = 1, "maximum" = 200, "default" = 50))]
pub(super) struct Limit(pub(super) u32);

impl Default for Limit {
    fn default() -> Self {
        Self(50)
    }
}

impl TryFrom<u32> for Limit {
    type Error = &'static str;

    fn try_from(number: u32) -> Result<Self, Self::Error> {
        let fits = (1..=200).contains(&number).then_some(Self(number));
        fits.ok_or("expected 1 to 200")
    }
}

/// A moment, given as such or by how long ago it was.
#[derive(Debug)]
struct Since(Timestamp);

impl FromStr for Since {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let expected = "expected milliseconds since 1970 UTC, or a span such as 30m, 24h, 7d";
        if let Ok(milliseconds) = text.parse() {
            return Ok(Self(Timestamp(milliseconds)));
        }
        let unit = match text.chars().last() {
            Some('m') => 60,
            Some('h') => 3600,
            Some('d') => 86_400,
            _ => return Err(expected),
        };
        let number: u32 = text[..text.len() - 1].parse().map_err(|_| expected)?;
        let span = std::time::Duration::from_secs(u64::from(number) * unit);
        Ok(Self(Timestamp::now().before(span)))
    }
}

/// A value in the form that it has in addresses.
#[derive(Debug)]
struct Parsed<T>(T);

impl<'de, T: FromStr<Err: Display>> Deserialize<'de> for Parsed<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<str>::deserialize(deserializer)?;
        text.parse().map(Self).map_err(D::Error::custom)
    }
}

/// Values of which any may fit; at most 100.
#[derive(Debug)]
struct Several<T>(Vec<T>);

impl<T> Default for Several<T> {
    fn default() -> Self {
        Self(vec![])
    }
}

impl<'de, T: FromStr<Err: Display>> Deserialize<'de> for Several<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let texts = Vec::<Cow<str>>::deserialize(deserializer)?;
        let words = texts.iter().flat_map(|text| text.split(','));
        if words.clone().count() > 100 {
            return Err(D::Error::custom("at most 100 values of one parameter"));
        }
        let values: Result<_, T::Err> = words.map(str::parse).collect();
        values.map(Self).map_err(D::Error::custom)
    }
}

impl<T: JsonSchema> JsonSchema for Several<T> {
    fn schema_name() -> Cow<'static, str> {
        format!("Several{}", T::schema_name()).into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let items = generator.subschema_for::<T>();
        json_schema!({ "type": "array", "items": items, "maxItems": 100 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::routes::api::asking::parameters;

    #[test]
    fn values_add_up() {
        let parameters: EventParameters = parameters(
            "status=new,in_progress&status=ignored&limit=3&cursor=5-7&since=1000&source=192.0.2.1",
        )
        .unwrap();
        assert_eq!(parameters.limit.0, 3);
        let (query, cursor) = parameters.question();
        assert_eq!(
            query.status,
            [Status::New, Status::InProgress, Status::Ignored]
        );
        assert_eq!(query.since, Some(Timestamp(1000)));
        assert_eq!(
            query.source.map(|source| source.to_string()),
            Some("192.0.2.1".into())
        );
        assert_eq!(
            cursor,
            Some(Cursor {
                started_at: Timestamp(5),
                number: 7
            })
        );
    }

    #[test]
    fn errors_name_the_parameter_and_what_it_should_be() {
        for (query, words) in [
            ("limit=0", "limit: expected 1 to 200"),
            ("limit=many", "limit: invalid digit"),
            ("status=old", "status: expected one of: new"),
            ("source=x", "source: "),
            ("since=h", "since: expected milliseconds"),
            ("since=ä", "since: expected milliseconds"),
            ("source=", "source: "),
            ("cursor=5", "cursor: expected one of: a cursor"),
            ("a=1", "unknown field `a`, expected one of `limit`"),
        ] {
            let error = parameters::<EventParameters>(query).unwrap_err();
            assert!(error.contains(words), "{query}: {error}");
        }
    }
}
