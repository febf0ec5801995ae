//! A reader: one table of the file, read field by field; what nobody asked for is a problem.

use reins_governor::Pattern;
use toml::de::DeTable;

use crate::findings::Place;
use crate::nearest::nearest;
use crate::value::Value;

/// How a field may be spelled; the first spelling is ours.
pub(crate) type Spellings = &'static [&'static str];

/// A table while it is being read. Dropping it reports the fields that nobody asked for.
pub(crate) struct Reader<'a> {
    table: &'a DeTable<'a>,
    pub(crate) place: Place<'a>,
    /// The fields there can be.
    asked: Vec<Spellings>,
    /// Fields of another file, which are no suggestions.
    elsewhere: Vec<&'static str>,
}

// === impl Reader ===

impl<'a> Reader<'a> {
    pub(crate) const fn new(table: &'a DeTable<'a>, place: Place<'a>) -> Self {
        Self { table, place, asked: Vec::new(), elsewhere: Vec::new() }
    }

    /// The field, by any of its spellings.
    pub(crate) fn field(&mut self, spellings: Spellings) -> Option<Value<'a>> {
        self.asked.push(spellings);
        let mut written = self.written().filter(|(name, _)| spellings.contains(name));
        let (one, value) = written.next()?;
        if let (Some((other, again)), Some(ours)) = (written.next(), spellings.first()) {
            let what = format!("`{one}` and `{other}` are two spellings of one field");
            again.place.at_odds(what, format!("write it once, as `{ours}`"));
        }
        Some(value)
    }

    /// A field that has to be there, as `read` reads it; `None` where it is missing or wrong.
    pub(crate) fn required<T>(
        &mut self,
        spellings: Spellings,
        hint: &str,
        read: impl FnOnce(&Value<'a>) -> Option<T>,
    ) -> Option<T> {
        let Some(value) = self.field(spellings) else {
            let name = spellings.first().copied().unwrap_or_default();
            self.place.at_odds(format!("`{name}` is missing"), hint);
            return None;
        };
        read(&value)
    }

    /// A field that can be left out; `None` where it is wrong.
    pub(crate) fn optional<T>(
        &mut self,
        spellings: Spellings,
        read: impl FnOnce(&Value<'a>) -> Option<T>,
    ) -> Option<Option<T>> {
        self.field(spellings).map_or(Some(None), |value| read(&value).map(Some))
    }

    /// A field that has a default; `None` where it is wrong.
    pub(crate) fn defaulted<T>(
        &mut self,
        spellings: Spellings,
        default: T,
        read: impl FnOnce(&Value<'a>) -> Option<T>,
    ) -> Option<T> {
        self.field(spellings).map_or(Some(default), |value| read(&value))
    }

    /// A list of patterns; none where it is left out.
    pub(crate) fn patterns(&mut self, spellings: Spellings) -> Option<Vec<Pattern>> {
        self.defaulted(spellings, Vec::new(), Value::patterns)
    }

    /// Every table of `[[name]]`.
    pub(crate) fn each(&mut self, spellings: Spellings) -> Vec<Self> {
        self.field(spellings).map(|value| value.tables()).unwrap_or_default()
    }

    /// A field that was read already, to say more of it.
    pub(crate) fn again(&self, name: &str) -> Option<Value<'a>> {
        self.written().find(|(written, _)| *written == name).map(|(_, value)| value)
    }

    /// A field that belongs into another file: `what` is said where it is written.
    pub(crate) fn elsewhere(&mut self, name: &'static str, what: &str, hint: &str) {
        if let Some((key, _)) = self.table.iter().find(|(key, _)| key.get_ref() == name) {
            self.place.inner(name.to_owned(), key.span()).at_odds(what, hint);
        }
        self.elsewhere.push(name);
    }

    /// How many fields are written here.
    pub(crate) fn len(&self) -> usize {
        self.table.len()
    }

    fn written(&self) -> impl Iterator<Item = (&'a str, Value<'a>)> {
        let place = self.place.clone();
        self.table.iter().map(move |(key, value)| {
            let path = joined(&place.path, key.get_ref());
            (key.get_ref().as_ref(), Value::new(value.get_ref(), place.inner(path, value.span())))
        })
    }

    fn report_unknown(&self) {
        for (key, _) in self.table {
            let name = key.get_ref().as_ref();
            let asked = self.asked.iter().any(|spellings| spellings.contains(&name));
            if !asked && !self.elsewhere.contains(&name) {
                let place = self.place.inner(joined(&self.place.path, name), key.span());
                place.at_odds(format!("`{name}` is not a field here"), self.suggestion(name));
            }
        }
    }

    /// The field that may have been meant, by any spelling, else what there can be, by ours.
    fn suggestion(&self, name: &str) -> String {
        let every = self.asked.iter().flat_map(|spellings| spellings.iter().copied());
        let ours = self.asked.iter().filter_map(|spellings| spellings.first().copied());
        nearest(name, every).map_or_else(
            || format!("there can be: {}", ours.collect::<Vec<_>>().join(", ")),
            |close| format!("did you mean `{close}`?"),
        )
    }
}

impl Drop for Reader<'_> {
    fn drop(&mut self) {
        self.report_unknown();
    }
}

fn joined(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}
