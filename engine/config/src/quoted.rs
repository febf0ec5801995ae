//! Strings of TOML: where a byte of the value stands between the quotes.

use std::iter::Peekable;
use std::str::CharIndices;

/// Characters of the escapes that name a character by its number.
const NUMBERED: [(char, usize); 3] = [('x', 2), ('u', 4), ('U', 8)];

/// The byte of a string, quotes included, that the byte `wanted` of its value comes from.
pub(crate) fn quoted(raw: &str, wanted: usize) -> usize {
    let quotes = ["\"\"\"", "'''", "\"", "'"];
    let Some(quote) = quotes.into_iter().find(|quote| raw.starts_with(quote)) else { return 0 };
    let several = quote.len() > 1;
    let mut start = quote.len();
    if several {
        let rest = raw.get(start..).unwrap_or_default();
        start += ["\r\n", "\n"].iter().find(|b| rest.starts_with(**b)).map_or(0, |b| b.len());
    }
    let mut rest = raw.get(start..).unwrap_or_default().char_indices().peekable();
    let mut value = 0;
    while value < wanted {
        let Some((_, c)) = rest.next() else { break };
        value += match c {
            '\\' if quote.starts_with('"') => escaped(&mut rest),
            c => c.len_utf8(),
        };
    }
    start + rest.peek().map_or(raw.len() - start, |(at, _)| *at)
}

/// Passes over an escape; how many bytes it is in the value.
fn escaped(rest: &mut Peekable<CharIndices<'_>>) -> usize {
    let Some((_, c)) = rest.next() else { return 0 };
    if let Some((_, digits)) = NUMBERED.iter().find(|(mark, _)| *mark == c) {
        let code: String = rest.by_ref().take(*digits).map(|(_, c)| c).collect();
        let number = u32::from_str_radix(&code, 16).unwrap_or(0);
        return char::from_u32(number).map_or(1, char::len_utf8);
    }
    if c.is_whitespace() {
        while rest.next_if(|(_, c)| c.is_whitespace()).is_some() {}
        return 0;
    }
    1
}

#[cfg(test)]
mod tests {
    //! Where bytes of values stand.
    use super::quoted;

    #[test]
    fn finds_the_byte_behind_quotes_and_escapes() {
        for (raw, wanted, expected) in [
            (r#""a > b""#, 0, 1),
            (r#""a > b""#, 4, 5),
            (r"'a > b'", 4, 5),
            (r#""a == \"b\" && c""#, 5, 6),
            (r#""a == \"b\" && c""#, 12, 15),
            (r#""\u00e9 < 1""#, 3, 8),
            ("'''\na > b'''", 4, 8),
            ("\"\"\"\na &&\\\n   b\"\"\"", 4, 8),
            ("\"\"\"\na &&\\\n   b\"\"\"", 5, 14),
            (r#""short""#, 90, 7),
        ] {
            assert_eq!(quoted(raw, wanted), expected, "{wanted} of {raw}");
        }
    }
}
