//! The facts of a request for a message.

use std::borrow::Cow;
use std::sync::Arc;

use reins_governor::{Endpoint, ServiceTier, Wording};

use super::seen::Seen;
use super::{block, tool, untold};
use crate::Asked;
use crate::input;
use crate::malformed::Malformed;
use crate::read::{Named, Places, Thought};
use crate::scan::{Fields, Kind, Scan, Scanned};

const FIELDS: Fields = Fields {
    within: "",
    names: &[
        "model",
        MAX_TOKENS,
        "messages",
        "system",
        "stream",
        "tools",
        "thinking",
        "service_tier",
        "speed",
        "mcp_servers",
        "container",
        "cache_control",
        "context_management",
        "inference_geo",
        untold::COMPACTION,
        untold::FALLBACKS,
        "thread",
        "metadata",
        "output_config",
        "output_format",
        "stop_sequences",
        "temperature",
        "tool_choice",
        "top_k",
        "top_p",
        "diagnostics",
        "user_profile_id",
        "workspace_id",
        "billing_policy",
        "fallback_credit_token",
        "betas",
        "anthropic_beta",
        "anthropic_version",
    ],
};

const MESSAGE: Fields = Fields { within: "messages[].", names: &["role", "content"] };

const THINKING: Fields = Fields { within: "thinking.", names: &["type", BUDGET_TOKENS] };

pub(super) const MAX_TOKENS: &str = "max_tokens";
const BUDGET_TOKENS: &str = "budget_tokens";

/// What has been read of a request so far.
#[derive(Debug, Default)]
struct Request<'a> {
    model: Option<Cow<'a, str>>,
    stream: bool,
    output_cap: Option<u64>,
    thinking_budget: u64,
    fast: bool,
    seen: Seen,
    places: Places,
}

/// What a field may cost that did not exist when this was written.
const UNKNOWN: &str = "a field of the request's top level is not known, and may cost extra";

pub(super) fn read(body: &[u8]) -> Scanned<Asked> {
    let mut scan = Scan::new(body)?;
    let mut request = Request::default();
    request.places.open =
        scan.must_be_object("body", &FIELDS, |scan, field| request.member(scan, field))?;
    scan.end()?;
    request.asked()
}

// === impl Request ===

impl<'a> Request<'a> {
    fn member(&mut self, scan: &mut Scan<'a>, field: &'static str) -> Scanned<()> {
        match field {
            "model" => self.model(scan)?,
            MAX_TOKENS => self.cap(scan)?,
            "messages" => scan.list_or_null(field, |scan| message(scan, &mut self.seen))?,
            "system" => block::content(scan, &mut self.seen)?,
            "stream" => self.stream = scan.flag(field)?.unwrap_or(false),
            "tools" => scan.list_or_null(field, |scan| tool::read(scan, &mut self.seen))?,
            "thinking" => self.thinking(scan)?,
            "service_tier" => service_tier(scan)?,
            "speed" => self.fast = speed(scan)?,
            "mcp_servers" => self.servers(scan)?,
            "container" => self.seen.input.referring(scan, "container")?,
            "cache_control" => block::cache_control(scan, &mut self.seen)?,
            "context_management" => untold::management(scan, &mut self.seen)?,
            "inference_geo" => untold::place(scan)?,
            untold::COMPACTION | untold::FALLBACKS => untold::refuse(scan, field)?,
            "thread" => untold::thread(scan, &mut self.seen)?,
            _ => {
                if field.is_empty() {
                    self.seen.extra_fee.get_or_insert(UNKNOWN);
                }
                self.seen.input.text(scan)?;
            }
        }
        Ok(())
    }

    fn model(&mut self, scan: &mut Scan<'a>) -> Scanned<()> {
        scan.kind()?;
        let start = scan.at();
        self.model = scan.word("model")?;
        self.places.model = start..scan.at();
        Ok(())
    }

    fn cap(&mut self, scan: &mut Scan<'a>) -> Scanned<()> {
        scan.kind()?;
        let start = scan.at();
        // WHY: with none, the vendor writes its cache and no answer.
        self.output_cap = scan.whole_number(MAX_TOKENS)?;
        self.places.cap = Some(Named { place: start..scan.at(), value: self.output_cap });
        Ok(())
    }

    fn thinking(&mut self, scan: &mut Scan<'a>) -> Scanned<()> {
        let mut is = None;
        let named = scan.object_or_null("thinking", &THINKING, |scan, field| {
            match field {
                "type" => is = scan.word("thinking.type")?,
                BUDGET_TOKENS => {
                    let budget = scan.whole_number("thinking.budget_tokens")?;
                    self.thinking_budget = budget.unwrap_or(0);
                }
                _ => self.seen.input.text(scan)?,
            }
            Ok(())
        })?;
        self.places.thought = match is.as_deref() {
            Some("disabled") => Thought::Unwanted,
            _ if named.is_some() => Thought::Wanted,
            _ => Thought::Unsaid,
        };
        Ok(())
    }

    /// What a server's tools answer goes into the input while the call runs.
    fn servers(&mut self, scan: &mut Scan<'a>) -> Scanned<()> {
        if scan.kind()? != Kind::List {
            return self.seen.input.referring(scan, "mcp_servers");
        }
        let input = &mut self.seen.input;
        scan.list(|scan| {
            input.reference("mcp_servers");
            input.reread(tool::REREADS);
            input.text(scan)
        })
    }

    fn asked(mut self) -> Scanned<Asked> {
        let model: Arc<str> = input::model(self.model)?.into();
        let Some(output_cap) = self.output_cap else {
            return Err(Malformed::missing(MAX_TOKENS, "say how long an answer may be, in tokens"));
        };
        self.places.hour_cache = self.seen.hour_cache;
        Ok(Asked {
            stream: self.stream,
            input: self.seen.input.size,
            output_cap: Some(output_cap),
            thinking_budget: self.thinking_budget,
            tier: if self.fast { ServiceTier::Priority } else { ServiceTier::Standard },
            tool_results: self.seen.tool_results,
            web_search: self.seen.searches.wanted,
            web_search_cap: self.seen.searches.cap(),
            extra_fee: self.seen.extra_fee.map(Wording::new),
            ..Asked::new(Endpoint::Messages, model, self.places)
        })
    }
}

fn message(scan: &mut Scan<'_>, seen: &mut Seen) -> Scanned<()> {
    seen.input.part();
    scan.must_be_object("messages[]", &MESSAGE, |scan, field| match field {
        "content" => block::content(scan, seen),
        _ => seen.input.text(scan),
    })?;
    Ok(())
}

/// Both words leave it to the organization's contract whether a call is served as standard.
fn service_tier(scan: &mut Scan<'_>) -> Scanned<()> {
    match scan.word("service_tier")?.as_deref() {
        None | Some("auto" | "standard_only") => Ok(()),
        Some(word) => Err(Malformed::value("service_tier", word, "use auto or standard_only")),
    }
}

fn speed(scan: &mut Scan<'_>) -> Scanned<bool> {
    match scan.word("speed")?.as_deref() {
        None | Some("standard") => Ok(false),
        Some("fast") => Ok(true),
        Some(word) => Err(Malformed::value("speed", word, "use standard or fast")),
    }
}
