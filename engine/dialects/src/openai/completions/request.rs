//! The facts of a request for a completion.

use std::borrow::Cow;
use std::sync::Arc;

use reins_governor::{Endpoint, ServiceTier, Wording};

use super::super::{asking, fee, fields, prompt};
use super::cap;
use crate::Asked;
use crate::input::{self, Input, passed_value};
use crate::read::{Asking, Named, Places};
use crate::scan::{Fields, Scan, Scanned};
use crate::vocabulary::Vocabulary;

const FIELDS: Fields = Fields {
    within: "",
    names: &[
        "model",
        "prompt",
        "stream",
        "stream_options",
        cap::FIELD,
        "n",
        "best_of",
        "service_tier",
        "models",
        "tools",
        "web_search_options",
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
    shown: Option<u64>,
    made: Option<u64>,
    tier: ServiceTier,
    extra_fee: Option<&'static str>,
    input: Input,
    places: Places,
}

/// Reads a body; with a vocabulary, texts count by their tokens.
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
            "prompt" => prompt::read(scan, &mut self.input)?,
            "stream" => self.stream = scan.flag(field)?.unwrap_or(false),
            "stream_options" => self.places.asking = asking::read(scan)?,
            cap::FIELD => self.cap(scan)?,
            "n" => self.shown = fields::choices(scan, field)?,
            "best_of" => self.made = fields::choices(scan, field)?,
            "service_tier" => self.tier = fields::tier(scan)?,
            "models" => fields::refuse_models(scan)?,
            "tools" | "web_search_options" => self.tools(scan)?,
            fee::SEARCH_PARAMETERS
            | fee::PLUGINS
            | fee::PRESET
            | fee::ENABLE_SEARCH
            | fee::MODALITIES => {
                let fee = fee::read(scan, field, &mut self.input)?;
                self.extra_fee = self.extra_fee.or(fee);
            }
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

    /// None at all is a cap as well: it echoes the prompt.
    fn cap(&mut self, scan: &mut Scan<'a>) -> Scanned<()> {
        scan.kind()?;
        let start = scan.at();
        self.output_cap = scan.whole_number(cap::FIELD)?;
        self.places.cap = Some(Named { place: start..scan.at(), value: self.output_cap });
        Ok(())
    }

    /// `OpenAI` takes none here. A vendor that does may take a fee for what they do.
    fn tools(&mut self, scan: &mut Scan<'a>) -> Scanned<()> {
        if let Some(passed) = passed_value(scan)? {
            self.input.add_text(passed.text_bytes);
            self.extra_fee.get_or_insert("the tools of a completion have no price");
        }
        Ok(())
    }

    /// Each prompt gets its own answers, and those that are made and not shown are billed as well.
    fn asked(mut self) -> Scanned<Asked> {
        let model: Arc<str> = input::model(self.model)?.into();
        if !self.stream {
            self.places.asking = Asking::Asked;
        }
        let answers = self.shown.unwrap_or(1).max(self.made.unwrap_or(1));
        let choices = answers.saturating_mul(self.input.size.prompts.max(1));
        Ok(Asked {
            stream: self.stream,
            input: self.input.size,
            output_cap: Some(self.output_cap.unwrap_or(cap::DEFAULT)),
            choices,
            tier: self.tier,
            extra_fee: self.extra_fee.map(Wording::new),
            ..Asked::new(Endpoint::Completions, model, self.places)
        })
    }
}
