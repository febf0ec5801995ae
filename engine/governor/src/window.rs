//! Windows: the stretch of time a limit counts over.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The longest rolling window, in hours: a year of days.
const HOURS_MAX: u32 = 24 * 366;

/// The stretch of time a limit counts over. Calendar windows follow the organization's time zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Window {
    /// From each full hour.
    Hourly,
    /// From each midnight.
    Daily,
    /// From each Monday.
    Weekly,
    /// From the first of each month.
    Monthly,
    /// The last so many hours, at any instant.
    Rolling {
        /// Its length.
        hours: u32,
    },
}

/// Why a text names no window.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is not a window: use hourly, daily, weekly, monthly or \"rolling 24h\" (h, d, w or mo)"
)]
pub struct WindowError(pub String);

// === impl Window ===

impl fmt::Display for Window {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Hourly => f.write_str("hourly"),
            Self::Daily => f.write_str("daily"),
            Self::Weekly => f.write_str("weekly"),
            Self::Monthly => f.write_str("monthly"),
            Self::Rolling { hours } => write!(f, "rolling {hours}h"),
        }
    }
}

impl FromStr for Window {
    type Err = WindowError;

    fn from_str(text: &str) -> Result<Self, WindowError> {
        match text {
            "hourly" => Ok(Self::Hourly),
            "daily" => Ok(Self::Daily),
            "weekly" => Ok(Self::Weekly),
            "monthly" => Ok(Self::Monthly),
            _ => rolling(text).ok_or_else(|| WindowError(text.to_owned())),
        }
    }
}

/// `rolling 24h`, `rolling 7d`, `rolling 4w`, `rolling 1mo` (a rolling month has 30 days).
fn rolling(text: &str) -> Option<Window> {
    let length = text.strip_prefix("rolling ")?.trim();
    let (number, unit) = length.split_at_checked(length.find(|c: char| !c.is_ascii_digit())?)?;
    let unit_hours = match unit {
        "h" => 1,
        "d" => 24,
        "w" => 7 * 24,
        "mo" => 30 * 24,
        _ => return None,
    };
    let hours = number.parse::<u32>().ok()?.checked_mul(unit_hours)?;
    (1..=HOURS_MAX).contains(&hours).then_some(Window::Rolling { hours })
}

impl Serialize for Window {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Window {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    //! Windows read and written.
    use super::Window;

    #[test]
    fn reads_every_form_and_writes_it_back() {
        for (text, shown) in [
            ("daily", "daily"),
            ("rolling 24h", "rolling 24h"),
            ("rolling 7d", "rolling 168h"),
            ("rolling 1mo", "rolling 720h"),
        ] {
            assert_eq!(text.parse::<Window>().expect(text).to_string(), shown);
        }
    }

    #[test]
    fn refuses_other_texts() {
        for text in
            ["", "Daily", "rolling", "rolling h", "rolling 0h", "rolling 9999999999h", "24h"]
        {
            assert!(text.parse::<Window>().is_err(), "`{text}` was read as a window");
        }
    }
}
