//! The facts of a request for a chat completion.

use std::borrow::Cow;
use std::sync::Arc;

use reins_governor::{Call, Endpoint, ServiceTier, Wording};

use super::{cap, fee, message, tool};
use crate::input::{self, Input, passed_value};
use crate::malformed::Malformed;
use crate::read::{Asking, Named, Places};
use crate::rewrite::Rewrite;
use crate::scan::{Fields, Scan, Scanned};
use crate::vocabulary::Vocabulary;
use crate::{Read, Target};

const FIELDS: Fields = Fields {
    within: "",
    names: &[
        "model",
        "messages",
        "stream",
        "stream_options",
        cap::OLDER,
        cap::NEWER,
        "n",
        "service_tier",
        "tools",
        "functions",
        "response_format",
        "web_search_options",
        "prediction",
        "models",
        fee::SEARCH_PARAMETERS,
        fee::PLUGINS,
        fee::PRESET,
        fee::ENABLE_SEARCH,
        fee::MODALITIES,
    ],
};

const OPTIONS: Fields = Fields { within: "stream_options.", names: &["include_usage"] };

/// The most answers a request may ask for: far more than the 128 that `OpenAI` gives.
const CHOICES_MAX: u64 = 10_000;

/// A chat completion that may search does so once, before it answers.
pub(super) const SEARCHES: u64 = 1;

/// Models of `OpenAI` that do not think unseen, by the beginning of their names. Any other may.
const NOT_THINKING: [&str; 3] = ["gpt-3.5", "gpt-4", "chatgpt-4o"];

/// What has been read of a request so far.
#[derive(Debug, Default)]
struct Request<'a> {
    model: Option<Cow<'a, str>>,
    stream: bool,
    output_cap: Option<u64>,
    choices: Option<u64>,
    predicted: bool,
    tier: ServiceTier,
    web_search: bool,
    extra_fee: Option<&'static str>,
    tool_results: u64,
    input: Input,
    places: Places,
}

/// Reads a body; with a vocabulary, texts of messages count by their tokens.
pub(super) fn read(body: &[u8], to: &Target, counts: Option<Vocabulary>) -> Scanned<Read> {
    let mut scan = Scan::new(body)?;
    let mut request = Request { input: Input::counting(counts), ..Request::default() };
    request.places.asking = Asking::Absent;
    request.places.open =
        scan.must_be_object("body", &FIELDS, |scan, field| request.member(scan, field))?;
    scan.end()?;
    request.read(to)
}

/// Makes a stream tell its usage.
pub(super) fn ask_for_usage(rewrite: &mut Rewrite, places: &Places) {
    const ASK: &str = r#""include_usage":true"#;
    match &places.asking {
        Asking::Asked => {}
        Asking::Absent => rewrite.insert(places.open, format!(r#""stream_options":{{{ASK}}},"#)),
        Asking::Null(place) => rewrite.replace(place, format!("{{{ASK}}}")),
        Asking::Silent { open, others: true } => rewrite.insert(*open, format!("{ASK},")),
        Asking::Silent { open, others: false } => rewrite.insert(*open, ASK.to_owned()),
        Asking::Declined(place) => rewrite.replace(place, "true".to_owned()),
    }
}

/// A model's name without the maker that some vendors put before it.
pub(super) fn bare(model: &str) -> &str {
    model.rsplit('/').next().unwrap_or(model)
}

pub(super) fn may_think_unseen(model: &str) -> bool {
    !NOT_THINKING.iter().any(|name| bare(model).starts_with(name))
}

// === impl Request ===

impl<'a> Request<'a> {
    fn member(&mut self, scan: &mut Scan<'a>, field: &'static str) -> Scanned<()> {
        match field {
            "model" => self.model(scan)?,
            "messages" => scan.list_or_null(field, |scan| {
                message::read(scan, &mut self.input, &mut self.tool_results)
            })?,
            "stream" => self.stream = scan.flag(field)?.unwrap_or(false),
            "stream_options" => self.options(scan)?,
            cap::OLDER => self.places.cap = Some(self.cap(scan, field)?),
            cap::NEWER => self.places.newer_cap = Some(self.cap(scan, field)?),
            "n" => self.choices = choices(scan)?,
            "service_tier" => self.tier = tier(scan)?,
            "tools" => scan.list_or_null(field, |scan| {
                let fee = tool::read(scan, &mut self.input)?;
                self.extra_fee = self.extra_fee.or(fee);
                Ok(())
            })?,
            "functions" => scan.list_or_null(field, |scan| {
                self.input.part();
                self.input.text(scan)
            })?,
            fee::SEARCH_PARAMETERS
            | fee::PLUGINS
            | fee::PRESET
            | fee::ENABLE_SEARCH
            | fee::MODALITIES => {
                let fee = fee::read(scan, field, &mut self.input)?;
                self.extra_fee = self.extra_fee.or(fee);
            }
            "web_search_options" => self.web_search = passed_value(scan)?.is_some(),
            "prediction" => self.prediction(scan)?,
            "models" => refuse_models(scan)?,
            _ => self.input.text(scan)?,
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

    /// Two caps that differ could be read in two ways.
    fn cap(&mut self, scan: &mut Scan<'a>, field: &'static str) -> Scanned<Named> {
        scan.kind()?;
        let start = scan.at();
        let value = scan.positive(field)?;
        let differs = |(one, other): (u64, u64)| one != other;
        if value.zip(self.output_cap).is_some_and(differs) {
            return Err(cap::differ());
        }
        self.output_cap = value.or(self.output_cap);
        Ok(Named { place: start..scan.at(), value })
    }

    fn options(&mut self, scan: &mut Scan<'a>) -> Scanned<()> {
        scan.kind()?;
        let start = scan.at();
        let mut others = false;
        let mut asking = None;
        let open = scan.object_or_null("stream_options", &OPTIONS, |scan, field| {
            others = true;
            match field {
                "include_usage" => asking = Some(include_usage(scan)?),
                _ => {
                    scan.pass()?;
                }
            }
            Ok(())
        })?;
        self.places.asking = match (open, asking) {
            (None, _) => Asking::Null(start..scan.at()),
            (Some(_), Some(asking)) => asking,
            (Some(open), None) => Asking::Silent { open, others },
        };
        Ok(())
    }

    /// A predicted answer that is wrong is billed as output beside the right one.
    fn prediction(&mut self, scan: &mut Scan<'a>) -> Scanned<()> {
        if let Some(passed) = passed_value(scan)? {
            self.predicted = true;
            self.input.add_text(passed.text_bytes);
        }
        Ok(())
    }

    fn read(mut self, to: &Target) -> Scanned<Read> {
        let model: Arc<str> = input::model(self.model)?.into();
        if !self.stream {
            self.places.asking = Asking::Asked;
        }
        let call = Call {
            vendor: Arc::clone(&to.vendor),
            connection: Arc::clone(&to.connection),
            model,
            endpoint: Endpoint::ChatCompletions,
            stream: self.stream,
            input: self.input.size,
            output_cap: self.output_cap,
            choices: self.choices.unwrap_or(1).saturating_add(u64::from(self.predicted)),
            thinking_budget: 0,
            tier: self.tier,
            tool_results: self.tool_results,
            web_search: self.web_search,
            web_search_cap: self.web_search.then_some(SEARCHES),
            extra_fee: self.extra_fee.map(Wording::new),
        };
        Ok(Read { call, places: self.places })
    }
}

fn include_usage(scan: &mut Scan<'_>) -> Scanned<Asking> {
    scan.kind()?;
    let start = scan.at();
    let asked = scan.flag("stream_options.include_usage")? == Some(true);
    Ok(if asked { Asking::Asked } else { Asking::Declined(start..scan.at()) })
}

fn choices(scan: &mut Scan<'_>) -> Scanned<Option<u64>> {
    match scan.positive("n")? {
        Some(n) if n > CHOICES_MAX => Err(Malformed::value(
            "n",
            &n.to_string(),
            &format!("ask for at most {CHOICES_MAX} answers"),
        )),
        n => Ok(n),
    }
}

fn refuse_models(scan: &mut Scan<'_>) -> Scanned<()> {
    let at = scan.at();
    match passed_value(scan)? {
        None => Ok(()),
        Some(_) => Err(Malformed::new(format!(
            "`models` at byte {at} lets the vendor choose the model: name one in `model`"
        ))),
    }
}

fn tier(scan: &mut Scan<'_>) -> Scanned<ServiceTier> {
    let Some(word) = scan.word("service_tier")? else { return Ok(ServiceTier::Standard) };
    super::usage::tier(&word).ok_or_else(|| {
        Malformed::value("service_tier", &word, "use auto, default, flex, priority or fast")
    })
}
