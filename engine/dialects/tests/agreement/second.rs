//! A second reader of JSON, which shares no code with ours: jiter, that reads for `OpenAI`'s and
//! Anthropic's own Python clients. It keeps every member, named twice or not.

use jiter::JsonValue;

/// What holds, or what does not.
pub(crate) type Verdict = Result<(), String>;

/// Members in their order, each with its unescaped name.
pub(crate) type Members<'a> = [(std::borrow::Cow<'a, str>, JsonValue<'a>)];

/// Longer names are no spelling of a governed one: the longest of those has 21 letters.
const SPELLING_CHARS_MAX: usize = 50;

/// Whether what must hold does.
pub(crate) fn ensure(holds: bool, what: impl FnOnce() -> String) -> Verdict {
    if holds { Ok(()) } else { Err(what()) }
}

/// The text with U+FFFD in place of escapes that say half a character. Ours lets them pass in
/// content, as many vendors do; the second reader does not.
pub(crate) fn whole_characters(text: &[u8]) -> Vec<u8> {
    let mut whole = text.to_vec();
    let mut at = 0;
    while at < text.len() {
        at += match (text.get(at), unit(text, at)) {
            (Some(b'\\'), Some(0xd800..0xdc00)) if is_low(unit(text, at + 6)) => 12,
            (Some(b'\\'), Some(0xd800..0xe000)) => {
                if let Some(half) = whole.get_mut(at..at + 6) {
                    half.copy_from_slice(br"\ufffd");
                }
                6
            }
            (Some(b'\\'), _) => 2,
            _ => 1,
        };
    }
    whole
}

/// The UTF-16 unit that an escape here says.
fn unit(text: &[u8], at: usize) -> Option<u16> {
    let digits = std::str::from_utf8(text.get(at..at + 6)?.strip_prefix(br"\u")?).ok()?;
    u16::from_str_radix(digits, 16).ok()
}

const fn is_low(unit: Option<u16>) -> bool {
    matches!(unit, Some(0xdc00..0xe000))
}

/// The members of the object that the text is.
pub(crate) fn object(text: &[u8]) -> Result<JsonValue<'_>, String> {
    match JsonValue::parse(text, false) {
        Ok(object @ JsonValue::Object(_)) => Ok(object),
        Ok(_) => Err("the second reader sees no object".to_owned()),
        Err(error) => Err(format!("the second reader sees no JSON: {error}")),
    }
}

/// The members of an object; none of anything else.
pub(crate) fn members<'a, 'b>(value: &'b JsonValue<'a>) -> &'b Members<'a> {
    if let JsonValue::Object(members) = value { members } else { &[] }
}

/// The values of a list; none of anything else.
pub(crate) fn values<'a, 'b>(value: &'b JsonValue<'a>) -> &'b [JsonValue<'a>] {
    if let JsonValue::Array(values) = value { values } else { &[] }
}

/// The member of this name, unless it is `null`.
pub(crate) fn member<'a, 'b>(value: &'b JsonValue<'a>, name: &str) -> Option<&'b JsonValue<'a>> {
    let named = members(value).iter().rfind(|(other, _)| other == name);
    named.map(|(_, value)| value).filter(|value| **value != JsonValue::Null)
}

/// A member that is a string.
pub(crate) fn word<'b>(value: &'b JsonValue<'_>, name: &str) -> Option<&'b str> {
    match member(value, name)? {
        JsonValue::Str(word) => Some(word),
        _ => None,
    }
}

/// A member that is `true`.
pub(crate) fn flag(value: &JsonValue<'_>, name: &str) -> bool {
    member(value, name) == Some(&JsonValue::Bool(true))
}

/// A member that is a whole number from 0 on.
pub(crate) fn number(value: &JsonValue<'_>, name: &str) -> Option<u64> {
    match member(value, name)? {
        JsonValue::Int(number) => u64::try_from(*number).ok(),
        JsonValue::BigInt(number) => u64::try_from(number).ok(),
        _ => None,
    }
}

/// Each of the names at most once, whatever its spelling.
pub(crate) fn once(value: &JsonValue<'_>, names: &[&str]) -> Verdict {
    for name in names {
        let spelt = |other: &str| {
            other.chars().count() <= SPELLING_CHARS_MAX && folded(other) == folded(name)
        };
        let times = members(value).iter().filter(|(other, _)| spelt(other)).count();
        ensure(times <= 1, || format!("`{name}` was read although it is there {times} times"))?;
    }
    Ok(())
}

/// Each of the names at most once, as it is spelt.
pub(crate) fn named_once(value: &JsonValue<'_>, names: &[&str]) -> Verdict {
    for name in names {
        let times = members(value).iter().filter(|(other, _)| other == name).count();
        ensure(times <= 1, || format!("`{name}` was read although it is there {times} times"))?;
    }
    Ok(())
}

/// A name as a reader sees it that minds neither case nor the style of joining words, and as far
/// as one sees it that ends a text at NUL.
fn folded(name: &str) -> String {
    let joins = |c: &char| matches!(c, '_' | '-');
    let said = name.split('\0').next().unwrap_or(name);
    said.chars().filter(|c| !joins(c)).map(folded_letter).collect()
}

/// A letter the way Java compares: as upper, then as lower case.
fn folded_letter(letter: char) -> char {
    let mut upper = letter.to_uppercase();
    let upper = if upper.len() == 1 { upper.next() } else { None };
    upper.unwrap_or(letter).to_lowercase().next().unwrap_or(letter)
}
