//! `[[price]]`: a price over that of the book.

use jiff::civil::Date;
use reins_governor::Tokens;
use reins_prices::{Override, PriceBook, PriceError};

use crate::reader::{Reader, Spellings};
use crate::value::Value;

/// More tokens than any model has.
const TOKENS_MAX: u64 = 1_000_000_000;

/// Dollars per million tokens.
const RATES: [Spellings; 5] =
    [&["input"], &["cached"], &["cache_write"], &["cache_write_1h"], &["output"]];
/// Dollars per million tokens of audio, or per thousand searches.
const OTHER_RATES: [Spellings; 3] = [&["audio_input"], &["audio_output"], &["web_search"]];
/// Tokens at most.
const TOKENS: [Spellings; 4] =
    [&["max_output_tokens"], &["context_window"], &["image_tokens"], &["page_tokens"]];

/// A rate that is no decimal, the price book finds.
pub(crate) fn read(
    mut table: Reader<'_>,
    today: Date,
    sold: impl Fn(&str) -> bool,
) -> Option<Override> {
    let hint = "name the vendor of a connection";
    let vendor = table.required(&["vendor"], hint, |value| {
        let vendor = value.name()?;
        if !sold(&vendor) {
            value.place.warn(format!("no connection has the vendor `{vendor}`"), hint);
        }
        Some(vendor)
    });
    let hint = "name the model, such as \"llama-3*\"";
    let model = table.required(&["model"], hint, Value::pattern);
    let free = table.defaulted(&["free"], false, Value::flag);
    let rates = rates(&mut table, RATES);
    let others = self::rates(&mut table, OTHER_RATES);
    let tokens = tokens(&mut table);
    let (vendor, model) = (vendor?.to_string(), model?.to_string());
    let [input, cached, cache_write, cache_write_1h, output] = rates?;
    let [audio_input, audio_output, web_search] = others?;
    let [max_output_tokens, context_window, image_tokens, page_tokens] = tokens?;
    let read = Override {
        vendor,
        model,
        free: free?,
        input,
        cached,
        cache_write,
        cache_write_1h,
        output,
        audio_input,
        audio_output,
        web_search,
        max_output_tokens,
        context_window,
        image_tokens,
        page_tokens,
    };
    holds(&table, read, today)
}

fn rates<const N: usize>(
    table: &mut Reader<'_>,
    names: [Spellings; N],
) -> Option<[Option<String>; N]> {
    let rate = |value: &Value<'_>| value.decimal().map(ToOwned::to_owned);
    all(names.map(|name| table.optional(name, rate)))
}

fn tokens(table: &mut Reader<'_>) -> Option<[Option<Tokens>; 4]> {
    let tokens = |value: &Value<'_>| value.whole(1..=TOKENS_MAX).map(Tokens);
    all(TOKENS.map(|name| table.optional(name, tokens)))
}

fn all<T, const N: usize>(read: [Option<T>; N]) -> Option<[T; N]> {
    let right: Vec<T> = read.into_iter().collect::<Option<_>>()?;
    right.try_into().ok()
}

fn holds(table: &Reader<'_>, read: Override, today: Date) -> Option<Override> {
    let error = match PriceBook::on(today, std::slice::from_ref(&read)) {
        Ok(_) => return Some(read),
        Err(error) => error,
    };
    let field = table.again(error.field()).map(|value| value.place);
    let place = field.unwrap_or_else(|| table.place.clone());
    let (what, hint) = explained(&error);
    place.at_odds(what, hint);
    None
}

fn explained(error: &PriceError) -> (String, &'static str) {
    match error {
        PriceError::Missing { field, .. } | PriceError::Unpriced { field, .. } => {
            (format!("`{field}` is missing"), "write dollars per million tokens, or free = true")
        }
        PriceError::Rate { source, .. } => {
            (source.to_string(), "write dollars per million tokens, such as \"2.50\"")
        }
        PriceError::FreeAndPriced { field, .. } => {
            (format!("the price is free, and has `{field}`"), "keep one of them")
        }
        PriceError::Pattern(source) => (source.to_string(), "write a name or a shape of names"),
    }
}
