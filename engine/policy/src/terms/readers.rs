//! The table of functions of spend.

use reins_governor::Window;

use crate::terms::ReaderTerm;
use crate::terms::TermKind::{self, Money, Number};

const HOURLY: Option<Window> = Some(Window::Hourly);
const DAILY: Option<Window> = Some(Window::Daily);
const WEEKLY: Option<Window> = Some(Window::Weekly);
const MONTHLY: Option<Window> = Some(Window::Monthly);

/// Every function of spend.
pub const READERS: [ReaderTerm; 16] = [
    reader(
        "spend.hour",
        Money,
        HOURLY,
        "charged and set aside since the full hour, this call at its most included",
        ["spend.hour('agent')", "spend.hour('agent') > 1.00"],
    ),
    reader(
        "spend.day",
        Money,
        DAILY,
        "the same since midnight",
        ["spend.day('agent')", "spend.day('agent') > 1.00"],
    ),
    reader(
        "spend.week",
        Money,
        WEEKLY,
        "the same since Monday",
        ["spend.week('team')", "spend.week('team') > 1.00"],
    ),
    reader(
        "spend.month",
        Money,
        MONTHLY,
        "the same since the first of the month",
        ["spend.month('organization')", "spend.month('organization') > 1.00"],
    ),
    reader(
        "spend.rolling",
        Money,
        None,
        "the same in the time before the call",
        ["spend.rolling('agent', '24h')", "spend.rolling('agent', '24h') > 1.00"],
    ),
    reader(
        "held.hour",
        Money,
        HOURLY,
        "set aside for calls in flight that began since the full hour, this one included",
        ["held.hour('agent')", "held.hour('agent') > 0.01"],
    ),
    reader(
        "held.day",
        Money,
        DAILY,
        "the same since midnight",
        ["held.day('agent')", "held.day('agent') > 0.01"],
    ),
    reader(
        "held.week",
        Money,
        WEEKLY,
        "the same since Monday",
        ["held.week('team')", "held.week('team') > 0.01"],
    ),
    reader(
        "held.month",
        Money,
        MONTHLY,
        "the same since the first of the month",
        ["held.month('organization')", "held.month('organization') > 0.01"],
    ),
    reader(
        "held.rolling",
        Money,
        None,
        "the same in the time before the call",
        ["held.rolling('agent', '24h')", "held.rolling('agent', '24h') > 0.01"],
    ),
    reader(
        "calls.hour",
        Number,
        HOURLY,
        "calls since the full hour, this one included",
        ["calls.hour('session')", "calls.hour('agent') > 10"],
    ),
    reader(
        "calls.day",
        Number,
        DAILY,
        "the same since midnight",
        ["calls.day('agent')", "calls.day('agent') > 10"],
    ),
    reader(
        "calls.week",
        Number,
        WEEKLY,
        "the same since Monday",
        ["calls.week('team')", "calls.week('team') > 10"],
    ),
    reader(
        "calls.month",
        Number,
        MONTHLY,
        "the same since the first of the month",
        ["calls.month('organization')", "calls.month('organization') > 10"],
    ),
    reader(
        "calls.rolling",
        Number,
        None,
        "the same in the time before the call",
        ["calls.rolling('session', '1h')", "calls.rolling('agent', '1h') > 10"],
    ),
    reader(
        "remaining",
        Money,
        None,
        "what a budget has left for the caller, this call at its most taken off; the largest \
         amount where it does not count the caller",
        ["remaining('support bot, a day')", "remaining('support bot, a day') < 5.00"],
    ),
];

const fn reader(
    path: &'static str,
    kind: TermKind,
    window: Option<Window>,
    about: &'static str,
    [written, example]: [&'static str; 2],
) -> ReaderTerm {
    ReaderTerm { path, kind, about, written, example, window }
}
