//! Any bytes as a vendor's usage: refused, or as many tokens as it says, and what those cost.

use std::sync::LazyLock;

use reins_dialects::{FAMILIES, Found};
use reins_governor::{Cost, Prices, Usage};
use reins_prices::PriceBook;

use crate::answer::{believed, tokens_are};
use crate::second::{Verdict, ensure, object};

static BOOK: LazyLock<PriceBook> = LazyLock::new(PriceBook::builtin);

/// Models with few and with many rates, and one that nobody knows.
const MODELS: [(&str, &str); 6] = [
    ("openai", "gpt-4o-mini"),
    ("openai", "gpt-4o-audio-preview"),
    ("openai", "gpt-5"),
    ("anthropic", "claude-sonnet-4-5"),
    ("anthropic", "claude-opus-4-1"),
    ("anthropic", "nobody-knows"),
];

/// Pico-USD in one nano-USD.
const PICOS_PER_NANO: u128 = 1_000;

/// The usage is refused, or its tokens are those that a second parser sees, at their price.
pub(crate) fn is_right(json: &[u8]) -> Verdict {
    for family in FAMILIES.iter() {
        let Found::Usage(usage) = family.usage(json) else { continue };
        believed(&usage)?;
        tokens_are(&**family, &object(json)?, &usage)?;
        for (vendor, model) in MODELS {
            if let Some(cost) = BOOK.cost(vendor, model, &usage) {
                adds_up(&cost, &usage)?;
            }
        }
    }
    Ok(())
}

/// The parts make the sum, rounded up once, and tokens are never free.
fn adds_up(cost: &Cost, usage: &Usage) -> Verdict {
    let parts = cost.input.0.checked_add(cost.output.0);
    let sum = parts.and_then(|parts| parts.checked_add(cost.fees.0)).ok_or("beyond u128")?;
    let total = u128::from(cost.total.nanos()) * PICOS_PER_NANO;
    let up = total.checked_sub(sum).is_some_and(|over| over < PICOS_PER_NANO);
    ensure(up, || format!("{sum} picos are charged as {total}"))?;
    let (input, output) = (usage.total_input().get(), usage.total_output().get());
    let used = [input, output, usage.web_searches];
    let charged = [cost.input.0, cost.output.0, cost.fees.0];
    let free = used.into_iter().zip(charged).any(|(used, charged)| (used == 0) != (charged == 0));
    ensure(!free, || format!("{usage:?} costs {cost:?}"))
}
