//! Schedules: which minutes on a wall clock a cron pattern means.
//!
//! Where clocks go back, the minutes of the repeated hour hold twice; where they go forward, the
//! skipped ones never come.

use std::sync::Arc;

use croner::errors::CronError;
use croner::parser::{CronParser, Seconds};
use croner::{CronPattern, Weekday};
use jiff::civil::DateTime;
use jiff::{Timestamp, tz::TimeZone};

use crate::Schedule;

/// The minutes of a schedule.
#[derive(Clone, Debug)]
pub(crate) struct Minutes {
    /// One bit per minute of the hour.
    minutes: u64,
    /// One bit per hour of the day.
    hours: u64,
    /// Its days, months and weekdays.
    days: CronPattern,
    /// On whose wall, where that is not the organization's.
    zone: Option<TimeZone>,
}

/// Why a schedule cannot be read.
#[derive(Debug)]
pub(crate) enum Unreadable {
    /// The pattern, and what is wrong with it.
    Cron(String),
    /// The time zone.
    Zone(Arc<str>),
}

// === impl Minutes ===

impl Minutes {
    /// Reads a schedule of an organization whose wall clock shows `home`.
    pub(crate) fn read(schedule: &Schedule, home: &TimeZone) -> Result<Self, Unreadable> {
        let parser = CronParser::builder().seconds(Seconds::Disallowed).build();
        let pattern = parser.parse(&schedule.cron).map_err(|error| plainly(&error))?.pattern;
        let (minutes, hours) = (bits(pattern.minutes.values()), bits(pattern.hours.values()));
        if minutes == 0 || hours == 0 {
            return Err(Unreadable::Cron("it names no minute or no hour".to_owned()));
        }
        let zone = match &schedule.zone {
            Some(name) => {
                let unknown = |_| Unreadable::Zone(Arc::clone(name));
                Some(TimeZone::get(name).map_err(unknown)?)
            }
            None => None,
        };
        let zone = zone.filter(|zone| zone != home);
        Ok(Self { minutes, hours, days: pattern, zone })
    }

    /// Whether the present minute is one of them; `local` is the organization's wall clock.
    pub(crate) fn hold(&self, now: Timestamp, local: DateTime) -> Result<bool, CronError> {
        let wall = self.zone.as_ref().map_or(local, |zone| zone.to_datetime(now));
        let minute = self.minutes >> wall.minute().unsigned_abs() & 1;
        let hour = self.hours >> wall.hour().unsigned_abs() & 1;
        if minute & hour == 0 {
            return Ok(false);
        }
        let (month, day) = (wall.month().unsigned_abs().into(), wall.day().unsigned_abs().into());
        let sunday_zero = wall.weekday().to_sunday_zero_offset().unsigned_abs();
        let weekday = Weekday::from_days_from_sunday(sunday_zero.into());
        Ok(self.days.month_match(month)?
            && self.days.day_match(wall.year().into(), month, day, weekday)?)
    }

    /// Whether it holds for one minute of an hour only.
    pub(crate) const fn is_one_minute(&self) -> bool {
        self.minutes.is_power_of_two()
    }
}

fn bits(values: Vec<u16>) -> u64 {
    values.into_iter().fold(0, |bits, value| bits | 1 << value)
}

/// The parser's words without its capital and its full stop.
fn plainly(error: &CronError) -> Unreadable {
    let words = match error {
        CronError::EmptyPattern => "it is empty",
        CronError::InvalidPattern(words)
        | CronError::IllegalCharacters(words)
        | CronError::ComponentError(words) => words,
        CronError::InvalidDate | CronError::InvalidTime | CronError::TimeSearchLimitExceeded => {
            "it never holds"
        }
    };
    Unreadable::Cron(words.trim_end_matches('.').to_lowercase())
}

#[cfg(test)]
mod tests;
