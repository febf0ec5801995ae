//! Model names: which ones are a dated version of another.

/// Length of `-YYYY-MM-DD`.
const DASHED: usize = 11;

/// The name that `name` is a dated version of: without `-YYYY-MM-DD`, `-YYYYMMDD` or `-latest`.
pub(crate) fn undated(name: &str) -> Option<&str> {
    let compact = |text: &str| text.len() == 8 && is_date(text.bytes());
    match name.rsplit_once('-') {
        Some((plain, "latest")) => Some(plain),
        Some((plain, text)) if compact(text) => Some(plain),
        _ => undashed(name),
    }
}

fn undashed(name: &str) -> Option<&str> {
    let (plain, date) = name.split_at_checked(name.len().checked_sub(DASHED)?)?;
    let shaped = date.bytes().enumerate().all(|(at, b)| (b == b'-') == matches!(at, 0 | 5 | 8));
    (shaped && is_date(date.bytes().filter(|b| *b != b'-'))).then_some(plain)
}

/// Whether these are the digits of a day in this century.
fn is_date(mut digits: impl Iterator<Item = u8>) -> bool {
    let mut number = |length: usize| {
        digits.by_ref().take(length).try_fold(0_u32, |sum, digit| {
            digit.is_ascii_digit().then(|| sum * 10 + u32::from(digit - b'0'))
        })
    };
    let year = number(4).is_some_and(|year| (2000..2100).contains(&year));
    let month = number(2).is_some_and(|month| (1..=12).contains(&month));
    let day = number(2).is_some_and(|day| (1..=31).contains(&day));
    year && month && day
}

#[cfg(test)]
mod tests {
    //! Which names are dated versions, and of what.
    use super::undated;

    #[test]
    fn takes_off_dates_and_nothing_else() {
        for (name, expected) in [
            ("gpt-4o-2024-08-06", Some("gpt-4o")),
            ("claude-sonnet-4-20250514", Some("claude-sonnet-4")),
            ("claude-3-5-haiku-latest", Some("claude-3-5-haiku")),
            ("gpt-4o", None),
            ("gpt-4o-mini", None),
            ("gpt-4-0613", None),
            ("gpt-4o-2024-13-06", None),
            ("gpt-4o-2024-08-32", None),
            ("gpt-4o-20240806-x", None),
            ("gpt-4o-1924-08-06", None),
            ("gpt-4o-99999999", None),
            ("gpt-4o_2024-08-06", None),
            ("-2024-08-06", Some("")),
            ("2024-08-06", None),
            ("gpt-4o-2024-0806-", None),
            ("é-2024-08-06", Some("é")),
            ("ééééééé", None),
            ("", None),
        ] {
            assert_eq!(undated(name), expected, "{name}");
        }
    }
}
