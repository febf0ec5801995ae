//! What one call asks the vendor to do, parsed from `key=value` words: the `x-test-script` header,
//! or `[[script: …]]` in the first user message. An unknown key is refused, never ignored.

use std::str::FromStr;

use crate::claim::Claim;

/// Where a script is found, where headers can be set.
pub(crate) const SCRIPT_HEADER: &str = "x-test-script";

/// One call's script; `None` where the vendor's options decide. The key is the field's name unless
/// its line says otherwise; a key without a value means `1`.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Script {
    /// Before the headers.
    pub(crate) latency_ms: Option<u64>,
    /// Content chunks of a stream.
    pub(crate) chunks: Option<u64>,
    /// Between two events of a stream.
    pub(crate) gap_ms: Option<u64>,
    /// `slow_body`: between two of the eight pieces a JSON answer is then written in.
    pub(crate) slow_body_ms: Option<u64>,

    /// Tokens written, before the call's cap.
    pub(crate) output: Option<u64>,
    /// Tokens spent on reasoning first, on top of `output` and under the same cap.
    pub(crate) reasoning: u64,
    /// Prompt tokens in all, in place of the vendor's count.
    pub(crate) input: Option<u64>,
    /// Of the prompt's tokens, those read from the cache.
    pub(crate) cached: u64,
    /// `cache_write`: of the prompt's tokens, those written for five minutes.
    pub(crate) cache_write_5m: u64,
    /// Of the prompt's tokens, those written for an hour.
    pub(crate) cache_write_1h: u64,
    /// The model that answers and is billed, if not the one asked for.
    pub(crate) model: Option<String>,
    /// Answer with a call of the first tool on offer.
    pub(crate) tool: bool,

    /// Fail with this status, 400 to 599.
    pub(crate) status: Option<u16>,
    /// Seconds, in the header of the same name; a 429 says 1 by itself.
    pub(crate) retry_after: Option<u64>,
    /// Fail only so many requests with the same `id`, then succeed.
    pub(crate) fail_times: Option<u64>,
    /// Names the call in the books, and groups calls for `fail_times`.
    pub(crate) id: Option<String>,
    /// Never answer.
    pub(crate) hang: bool,
    /// Send RST: `before` the headers or `mid` body.
    pub(crate) reset: Option<Reset>,
    /// Close after so many events of a stream (at least one), or half-way through a JSON answer.
    pub(crate) cut: Option<usize>,

    /// `usage`: how the usage field lies.
    pub(crate) claim: Claim,
    /// What is billed where the client sees no answer: `input`, 1 or 0.
    pub(crate) bill: Bill,
    /// Stop generating, and billing, when the client is seen to have left.
    pub(crate) stop_on_close: bool,

    /// Compress the answer.
    pub(crate) gzip: bool,
    /// End the lines of a stream with CR LF.
    pub(crate) crlf: bool,
    /// Write in pieces of one to seven bytes, each on its own.
    pub(crate) split: bool,
    /// `nonl`: put a comment of so many bytes, without a line end, behind a stream's first event.
    pub(crate) no_newline_bytes: Option<usize>,
}

/// When the connection is reset.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reset {
    /// Before the response's headers.
    Before,
    /// Half-way through the body.
    Mid,
}

/// What is billed for a call that generated nothing the client could see.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Bill {
    /// Nothing.
    #[default]
    Nothing,
    /// The prompt.
    Input,
    /// The prompt and the whole answer nobody received.
    Whole,
}

impl Script {
    /// The directive inside a message's text, if it has one.
    pub(crate) fn directive(text: &str) -> Option<&str> {
        let (_, after) = text.split_once("[[script:")?;
        after.split_once("]]").map(|(words, _)| words)
    }

    /// Reads `key=value` words; the error says which word is wrong.
    pub(crate) fn parse(words: &str) -> Result<Self, String> {
        let mut script = Self::default();
        for word in words.split([' ', '\t', '\n', ',', ';']).filter(|word| !word.is_empty()) {
            let (key, value) = word.split_once('=').unwrap_or((word, "1"));
            script.set(key, value).map_err(|fault| format!("script word `{word}`: {fault}"))?;
        }
        Ok(script)
    }

    fn set(&mut self, key: &str, value: &str) -> Result<(), &'static str> {
        match key {
            "latency_ms" => self.latency_ms = Some(number(value)?),
            "chunks" => self.chunks = Some(number(value)?),
            "gap_ms" => self.gap_ms = Some(number(value)?),
            "slow_body" => self.slow_body_ms = Some(number(value)?),
            "output" => self.output = Some(number(value)?),
            "reasoning" => self.reasoning = number(value)?,
            "input" => self.input = Some(number(value)?),
            "cached" => self.cached = number(value)?,
            "cache_write" => self.cache_write_5m = number(value)?,
            "cache_write_1h" => self.cache_write_1h = number(value)?,
            "model" => self.model = Some(value.to_owned()),
            "tool" => self.tool = flag(value)?,
            _ => return self.set_trouble(key, value),
        }
        Ok(())
    }

    fn set_trouble(&mut self, key: &str, value: &str) -> Result<(), &'static str> {
        match key {
            "status" => self.status = Some(status(value)?),
            "retry_after" => self.retry_after = Some(number(value)?),
            "fail_times" => self.fail_times = Some(number(value)?),
            "id" => self.id = Some(value.to_owned()),
            "hang" => self.hang = flag(value)?,
            "reset" => self.reset = Some(reset(value)?),
            "cut" => self.cut = Some(number(value)?),
            "usage" => self.claim = Claim::parse(value).ok_or("no such way to misreport usage")?,
            "bill" => self.bill = bill(value)?,
            "stop_on_close" => self.stop_on_close = flag(value)?,
            "gzip" => self.gzip = flag(value)?,
            "crlf" => self.crlf = flag(value)?,
            "split" => self.split = flag(value)?,
            "nonl" => self.no_newline_bytes = Some(number(value)?),
            _ => return Err("no such key"),
        }
        Ok(())
    }
}

fn number<N: FromStr>(value: &str) -> Result<N, &'static str> {
    value.parse().map_err(|_| "not a number that fits")
}

fn flag(value: &str) -> Result<bool, &'static str> {
    match value {
        "1" => Ok(true),
        "0" => Ok(false),
        _ => Err("give 1 or 0"),
    }
}

fn status(value: &str) -> Result<u16, &'static str> {
    let status = number(value)?;
    if (400..=599).contains(&status) { Ok(status) } else { Err("give a status of 400 to 599") }
}

fn reset(value: &str) -> Result<Reset, &'static str> {
    match value {
        "before" => Ok(Reset::Before),
        "mid" => Ok(Reset::Mid),
        _ => Err("give `before` or `mid`"),
    }
}

fn bill(value: &str) -> Result<Bill, &'static str> {
    match value {
        "0" => Ok(Bill::Nothing),
        "input" => Ok(Bill::Input),
        "1" => Ok(Bill::Whole),
        _ => Err("give `input`, 1 or 0"),
    }
}

#[cfg(test)]
mod tests;
