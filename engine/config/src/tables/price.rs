//! `[[price]]`: a price over that of the book.

use jiff::civil::Date;
use reins_prices::{Override, PriceBook, PriceError};

use crate::reader::Reader;
use crate::value::Value;

/// More tokens than any model has.
const TOKENS_MAX: u64 = 1_000_000_000;

/// A rate that is no decimal, the price book finds.
pub(crate) fn read(mut table: Reader<'_>, today: Date) -> Option<Override> {
    let vendor = table.required(&["vendor"], "name the vendor of a connection", Value::name);
    let model = table.required(&["model"], "name the model, such as \"llama-3*\"", Value::pattern);
    let free = table.defaulted(&["free"], false, Value::flag);
    let rates = rates(&mut table);
    let tokens = tokens(&mut table);
    let (vendor, model) = (vendor?.to_string(), model?.to_string());
    let [input, cached, cache_write, cache_write_1h, output, audio_input, audio_output, web_search] =
        rates?;
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

/// Dollars per million tokens, or per thousand searches.
fn rates(table: &mut Reader<'_>) -> Option<[Option<String>; 8]> {
    let mut rate = |name| table.optional(name, |value| value.decimal().map(ToOwned::to_owned));
    let rates = [
        rate(&["input"]),
        rate(&["cached"]),
        rate(&["cache_write"]),
        rate(&["cache_write_1h"]),
        rate(&["output"]),
        rate(&["audio_input"]),
        rate(&["audio_output"]),
        rate(&["web_search"]),
    ];
    all(rates)
}

fn tokens(table: &mut Reader<'_>) -> Option<[Option<u64>; 4]> {
    let mut tokens = |name| table.optional(name, |value| value.whole(1..=TOKENS_MAX));
    let tokens = [
        tokens(&["max_output_tokens"]),
        tokens(&["context_window"]),
        tokens(&["image_tokens"]),
        tokens(&["page_tokens"]),
    ];
    all(tokens)
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
