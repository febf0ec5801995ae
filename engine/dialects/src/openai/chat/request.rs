//! The facts of a request for a chat completion.

use std::borrow::Cow;
use std::sync::Arc;

use reins_governor::{Endpoint, ServiceTier, Wording};

use super::super::tally::SEARCHES;
use super::super::{asking, fee, fields};
use super::{cap, message, tool};
use crate::Asked;
use crate::input::{self, Input, passed_value};
use crate::read::{Asking, Named, Places};
use crate::scan::{Fields, Scan, Scanned};
use crate::vocabulary::Vocabulary;

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
pub(super) fn read(body: &[u8], counts: Option<Vocabulary>) -> Scanned<Asked> {
    let mut scan = Scan::new(body)?;
    let mut request = Request { input: Input::counting(counts), ..Request::default() };
    request.places.asking = Asking::Absent;
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
            "messages" => scan.list_or_null(field, |scan| {
                message::read(scan, &mut self.input, &mut self.tool_results)
            })?,
            "stream" => self.stream = scan.flag(field)?.unwrap_or(false),
            "stream_options" => self.places.asking = asking::read(scan)?,
            cap::OLDER => self.places.cap = Some(self.cap(scan, field)?),
            cap::NEWER => self.places.newer_cap = Some(self.cap(scan, field)?),
            "n" => self.choices = fields::choices(scan, field)?,
            "service_tier" => self.tier = fields::tier(scan)?,
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
            "models" => fields::refuse_models(scan)?,
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

    /// A predicted answer that is wrong is billed as output beside the right one.
    fn prediction(&mut self, scan: &mut Scan<'a>) -> Scanned<()> {
        if let Some(passed) = passed_value(scan)? {
            self.predicted = true;
            self.input.add_text(passed.text_bytes);
        }
        Ok(())
    }

    fn asked(mut self) -> Scanned<Asked> {
        let model: Arc<str> = input::model(self.model)?.into();
        if !self.stream {
            self.places.asking = Asking::Asked;
        }
        Ok(Asked {
            stream: self.stream,
            input: self.input.size,
            output_cap: self.output_cap,
            choices: self.choices.unwrap_or(1).saturating_add(u64::from(self.predicted)),
            tier: self.tier,
            tool_results: self.tool_results,
            web_search: self.web_search,
            web_search_cap: self.web_search.then_some(SEARCHES),
            extra_fee: self.extra_fee.map(Wording::new),
            ..Asked::new(Endpoint::ChatCompletions, model, self.places)
        })
    }
}
