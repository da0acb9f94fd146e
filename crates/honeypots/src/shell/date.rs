//! Dates as Unix tools write them. The imitated machine's zone is UTC.

use skep_model::{Timestamp, time::DAY};

const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
const MONTHS: [&str; 12] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
];

/// A moment's parts: `year`, `month` and so on are texts of fixed width.
pub(crate) struct Date {
    pub weekday: &'static str,
    pub month_name: &'static str,
    pub year: String,
    pub month: String,
    pub day: String,
    pub time: String,
}

impl Date {
    pub(crate) fn new(at: Timestamp) -> Self {
        let text = at.to_rfc3339();
        let part = |from: usize, to: usize| text.get(from..to).unwrap_or_default().to_owned();
        let month = part(5, 7);
        Self {
            weekday: DAYS[at.0.div_euclid(DAY).rem_euclid(7) as usize],
            month_name: MONTHS[month.parse::<usize>().unwrap_or(1).clamp(1, 12) - 1],
            year: part(0, 4),
            month,
            day: part(8, 10),
            time: part(11, 19),
        }
    }

    /// `Sat Nov 21 10:17:31 UTC 2026`
    pub(super) fn full(&self) -> String {
        format!(
            "{} {} {:>2} {} UTC {}",
            self.weekday,
            self.month_name,
            self.day_number(),
            self.time,
            self.year
        )
    }

    /// As `ls -l` shows it: the time of this year's files, the year of older ones.
    pub(super) fn listing(&self, now: &Self) -> String {
        let last = if self.year == now.year {
            self.time.get(..5).unwrap_or_default().to_owned()
        } else {
            format!(" {}", self.year)
        };
        format!("{} {:>2} {last}", self.month_name, self.day_number())
    }

    fn day_number(&self) -> &str {
        self.day.trim_start_matches('0')
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_reads_as_date_prints_it() {
        assert_eq!(
            Date::new(Timestamp(951_827_696_789)).full(),
            "Tue Feb 29 12:34:56 UTC 2000"
        );
        assert_eq!(
            Date::new(Timestamp(0)).full(),
            "Thu Jan  1 00:00:00 UTC 1970"
        );
        assert_eq!(
            Date::new(Timestamp(0)).listing(&Date::new(Timestamp(951_827_696_789))),
            "Jan  1  1970"
        );
    }
}
