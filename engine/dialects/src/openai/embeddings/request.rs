//! The facts of a request for embeddings.

use std::borrow::Cow;
use std::sync::Arc;

use reins_governor::{Endpoint, Wording};

use super::super::{fee, fields, prompt};
use crate::Asked;
use crate::input::{self, Input};
use crate::read::Places;
use crate::scan::{Fields, Scan, Scanned};
use crate::vocabulary::Vocabulary;

const FIELDS: Fields =
    Fields { within: "", names: &["model", "input", "models", fee::PLUGINS, fee::PRESET] };

/// What has been read of a request so far.
#[derive(Debug, Default)]
struct Request<'a> {
    model: Option<Cow<'a, str>>,
    extra_fee: Option<&'static str>,
    input: Input,
    places: Places,
}

/// Reads a body; with a vocabulary, texts count by their tokens.
pub(super) fn read(body: &[u8], counts: Option<Vocabulary>) -> Scanned<Asked> {
    let mut scan = Scan::new(body)?;
    let mut request = Request { input: Input::counting(counts), ..Request::default() };
    request.places.open =
        scan.must_be_object("body", &FIELDS, |scan, field| request.member(scan, field))?;
    scan.end()?;
    request.asked()
}

// === impl Request ===

impl<'a> Request<'a> {
    fn member(&mut self, scan: &mut Scan<'a>, field: &'static str) -> Scanned<()> {
        match field {
            "model" => {
                scan.kind()?;
                let start = scan.at();
                self.model = scan.word("model")?;
                self.places.model = start..scan.at();
            }
            "input" => prompt::read(scan, &mut self.input)?,
            "models" => fields::refuse_models(scan)?,
            fee::PLUGINS | fee::PRESET => {
                let fee = fee::read(scan, field, &mut self.input)?;
                self.extra_fee = self.extra_fee.or(fee);
            }
            _ => self.input.text(scan)?,
        }
        Ok(())
    }

    /// An answer of numbers has no tokens: a cap of none, which no default replaces.
    fn asked(self) -> Scanned<Asked> {
        let model: Arc<str> = input::model(self.model)?.into();
        Ok(Asked {
            input: self.input.size,
            output_cap: Some(0),
            extra_fee: self.extra_fee.map(Wording::new),
            ..Asked::new(Endpoint::Embeddings, model, self.places)
        })
    }
}
