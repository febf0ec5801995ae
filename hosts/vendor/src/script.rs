//! What one call asks the vendor to do, parsed from `key=value` words: the `x-test-script` header,
//! or `[[script: …]]` in the first user message. An unknown key is refused, never ignored.

use std::str::FromStr;

use crate::claim::Claim;

/// Where a script is found, where headers can be set.
pub(crate) const SCRIPT_HEADER: &str = "x-test-script";

/// One call's script; `None` where the vendor's options decide.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Script {
    // pace
    pub(crate) latency_ms: Option<u64>,
    pub(crate) chunks: Option<u64>,
    pub(crate) gap_ms: Option<u64>,
    pub(crate) slow_body_ms: Option<u64>,
    // amounts
    pub(crate) output: Option<u64>,
    pub(crate) reasoning: u64,
    pub(crate) input: Option<u64>,
    pub(crate) cached: u64,
    pub(crate) cache_write_5m: u64,
    pub(crate) cache_write_1h: u64,
    pub(crate) model: Option<String>,
    pub(crate) tool: bool,
    // failures
    pub(crate) status: Option<u16>,
    pub(crate) retry_after: Option<u64>,
    pub(crate) fail_times: Option<u64>,
    pub(crate) id: Option<String>,
    pub(crate) hang: bool,
    pub(crate) reset: Option<Reset>,
    pub(crate) cut: Option<usize>,
    // money
    pub(crate) claim: Claim,
    pub(crate) bill: Bill,
    pub(crate) stop_on_close: bool,
    // the wire
    pub(crate) gzip: bool,
    pub(crate) crlf: bool,
    pub(crate) split: bool,
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
