//! A value: what stands behind one field, read as what is needed there.

use std::fmt::Display;
use std::ops::RangeInclusive;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use jiff::SignedDuration;
use reins_governor::{Name, NameError, Pattern, PatternError, Usd, Window};
use serde_spanned::Spanned;
use toml::de::{DeInteger, DeValue};

use crate::findings::Place;
use crate::nearest::suggestion;
use crate::reader::Reader;

/// The longest time that anything is waited for.
const DURATION_MAX: SignedDuration = SignedDuration::from_hours(24);

/// What stands behind one field. Reading it as something else is a problem, and gives nothing.
#[derive(Clone)]
pub(crate) struct Value<'a> {
    value: &'a DeValue<'a>,
    pub(crate) place: Place<'a>,
}

// === impl Value ===

impl<'a> Value<'a> {
    pub(crate) const fn new(value: &'a DeValue<'a>, place: Place<'a>) -> Self {
        Self { value, place }
    }

    /// The text, where it is one: without a word where it is not.
    pub(crate) fn as_text(&self) -> Option<&'a str> {
        match self.value {
            DeValue::String(text) => Some(text.as_ref()),
            _ => None,
        }
    }

    pub(crate) fn text(&self) -> Option<&'a str> {
        self.as_text().or_else(|| self.not("a string", "write it in quotes"))
    }

    pub(crate) fn flag(&self) -> Option<bool> {
        match self.value {
            DeValue::Boolean(flag) => Some(*flag),
            _ => self.not("`true` or `false`", "write `true` or `false`, without quotes"),
        }
    }

    /// A whole number in a range.
    pub(crate) fn whole<T: TryFrom<u64>>(&self, range: RangeInclusive<u64>) -> Option<T> {
        let hint = format!("write a whole number from {} to {}", range.start(), range.end());
        let DeValue::Integer(number) = self.value else {
            return self.not("a whole number", &hint);
        };
        let read = unsigned(number).filter(|n| range.contains(n));
        let fit = read.and_then(|n| T::try_from(n).ok());
        fit.or_else(|| self.bad(format!("`{number}` is out of range"), hint))
    }

    /// A whole number of either sign.
    pub(crate) fn signed(&self) -> Option<i64> {
        let hint = "write a whole number, such as 10";
        let DeValue::Integer(number) = self.value else {
            return self.not("a whole number", hint);
        };
        let read = i64::from_str_radix(number.as_str(), number.radix()).ok();
        read.or_else(|| self.bad(format!("`{number}` is out of range"), hint))
    }

    pub(crate) fn list(&self) -> Option<Vec<Self>> {
        let DeValue::Array(items) = self.value else {
            return self.not("a list", &self.list_hint());
        };
        Some(items.iter().enumerate().map(|(index, item)| self.item(index, item)).collect())
    }

    /// How many items a list has; `None` where this is no list.
    pub(crate) fn length(&self) -> Option<usize> {
        match self.value {
            DeValue::Array(items) => Some(items.len()),
            _ => None,
        }
    }

    fn item(&self, index: usize, item: &'a Spanned<DeValue<'a>>) -> Self {
        let path = format!("{}[{index}]", self.place.path);
        Self::new(item.get_ref(), self.place.inner(path, item.span()))
    }

    fn list_hint(&self) -> String {
        match self.value {
            DeValue::String(text) => format!("write it in brackets: [\"{text}\"]"),
            DeValue::Integer(number) => format!("write it in brackets: [{number}]"),
            _ => "write it in brackets: [ … ]".to_owned(),
        }
    }

    /// Every item of a list that is not empty, each read by `read`.
    pub(crate) fn items<T>(&self, read: impl Fn(&Self) -> Option<T>) -> Option<Vec<T>> {
        let items = self.list()?;
        if items.is_empty() {
            return self
                .bad("an empty list is ambiguous", "leave the field out, or name at least one");
        }
        let all = items.len();
        let read: Vec<T> = items.iter().filter_map(read).collect();
        (read.len() == all).then_some(read)
    }

    pub(crate) fn table(&self) -> Option<Reader<'a>> {
        match self.value {
            DeValue::Table(table) => Some(Reader::new(table, self.place.clone())),
            _ => {
                let hint = format!("write it in braces: {} = {{ … }}", self.name_here());
                self.not("a table", &hint)
            }
        }
    }

    /// Every table of a list of them.
    pub(crate) fn tables(&self) -> Vec<Reader<'a>> {
        let name = self.name_here();
        let hint = format!("begin each with a header of its own: [[{name}]]");
        let DeValue::Array(items) = self.value else {
            self.not::<()>("a list of tables", &hint);
            return Vec::new();
        };
        let item = |(index, item)| self.item(index, item);
        let table = |item: Self| item.as_table().or_else(|| item.not("a table", &hint));
        items.iter().enumerate().map(item).filter_map(table).collect()
    }

    /// The field's own name.
    fn name_here(&self) -> &str {
        let (_, name) = self.place.path.rsplit_once('.').unwrap_or(("", &self.place.path));
        name.split_once('[').map_or(name, |(name, _)| name)
    }

    /// The table, where it is one: without a word where it is not.
    pub(crate) fn as_table(&self) -> Option<Reader<'a>> {
        matches!(self.value, DeValue::Table(_)).then(|| self.table()).flatten()
    }

    /// One of a few words, each with what it stands for.
    pub(crate) fn word<T: Clone>(&self, words: &[(&str, T)]) -> Option<T> {
        let text = self.text()?;
        let found = words.iter().find(|(word, _)| *word == text);
        found.map(|(_, meaning)| meaning.clone()).or_else(|| {
            let hint = suggestion(text, words.iter().map(|(word, _)| *word));
            self.bad(format!("`{text}` is not known here"), hint)
        })
    }

    /// A name, without the space around it.
    pub(crate) fn name(&self) -> Option<Name> {
        let read = self.text()?.parse();
        read.or_else(|error: NameError| self.bad(error.what(), error.hint()).ok_or(error)).ok()
    }

    /// A text that is as short and plain as a name, and is none.
    pub(crate) fn plain(&self) -> Option<Arc<str>> {
        self.name().map(Into::into)
    }

    /// Text that says itself whether it can be read.
    pub(crate) fn parsed<T: FromStr<Err: Display>>(&self, hint: &str) -> Option<T> {
        let read = self.text()?.parse();
        read.map_err(|error: T::Err| self.place.wrong(error.to_string(), hint)).ok()
    }

    pub(crate) fn pattern(&self) -> Option<Pattern> {
        let hint = "write a name, or a shape of names with `*`, such as \"gpt-5*\"";
        let read = self.name()?.parse();
        read.map_err(|error: PatternError| self.place.wrong(error.to_string(), hint)).ok()
    }

    pub(crate) fn patterns(&self) -> Option<Vec<Pattern>> {
        self.items(Self::pattern)
    }

    pub(crate) fn names(&self) -> Option<Vec<Name>> {
        self.items(Self::name)
    }

    /// An amount of dollars: a decimal string, never a number.
    pub(crate) fn usd(&self) -> Option<Usd> {
        match self.value {
            DeValue::Integer(number) => self.unquoted_amount(number.as_str()),
            DeValue::Float(number) => self.unquoted_amount(number.as_str()),
            _ => self.parsed("write it in dollars, such as \"5.00\""),
        }
    }

    /// A rate, as it is written: a decimal string, never a number.
    pub(crate) fn decimal(&self) -> Option<&'a str> {
        match self.value {
            DeValue::Integer(number) => self.unquoted(number.as_str()),
            DeValue::Float(number) => self.unquoted(number.as_str()),
            _ => self.text(),
        }
    }

    fn unquoted<T>(&self, written: &str) -> Option<T> {
        self.bad("a price is written as a number", format!("write it as a string: \"{written}\""))
    }

    fn unquoted_amount(&self, written: &str) -> Option<Usd> {
        let shown = written.parse().unwrap_or(Usd::from_cents(500));
        self.bad(
            format!("an amount of money is written as a number: `{written}`"),
            format!("write it as a string: \"{shown}\""),
        )
    }

    /// A whole number of cents.
    pub(crate) fn cents(&self) -> Option<Usd> {
        let largest = Usd::MAX.cents_up().saturating_sub(1);
        self.whole(0..=largest).map(Usd::from_cents)
    }

    pub(crate) fn window(&self) -> Option<Window> {
        let text = self.text()?;
        let hint = "write hourly, daily, weekly, monthly, or \"rolling 24h\" (h, d, w or mo)";
        let what = || format!("`{text}` is not a window");
        text.parse().ok().or_else(|| self.bad(what(), hint))
    }

    /// A time to wait, such as `10s`.
    pub(crate) fn duration(&self) -> Option<Duration> {
        let hint = "write a number and its unit, up to a day: \"500ms\", \"10s\" or \"2m\"";
        let Some(text) = self.as_text() else { return self.not("a time with its unit", hint) };
        let read = text.parse::<SignedDuration>().ok();
        let sensible = read.filter(|time| time.is_positive() && *time <= DURATION_MAX);
        let waited = sensible.and_then(|time| Duration::try_from(time).ok());
        waited.or_else(|| self.bad(format!("`{text}` is not a time to wait"), hint))
    }

    /// This is not what is needed.
    pub(crate) fn not<T>(&self, needed: &str, hint: &str) -> Option<T> {
        self.bad(format!("{} stands where {needed} is needed", self.kind()), hint)
    }

    /// This is wrong.
    pub(crate) fn bad<T>(&self, what: impl Into<String>, hint: impl Into<String>) -> Option<T> {
        self.place.wrong(what, hint);
        None
    }

    const fn kind(&self) -> &'static str {
        match self.value {
            DeValue::String(_) => "a string",
            DeValue::Integer(_) => "a whole number",
            DeValue::Float(_) => "a float",
            DeValue::Boolean(_) => "a boolean",
            DeValue::Datetime(_) => "a date",
            DeValue::Array(_) => "a list",
            DeValue::Table(_) => "a table",
        }
    }
}

fn unsigned(number: &DeInteger<'_>) -> Option<u64> {
    u64::from_str_radix(number.as_str(), number.radix()).ok()
}
