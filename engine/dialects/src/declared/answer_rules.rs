//! The rules of an answer, ready to be walked along its objects.

use std::sync::Arc;

use serde_json::Value;

use super::declaration::{DeclarationError, EndpointRules, LastEvent, LastValue, UsageRules};
use super::meter::DeclaredMeter;
use super::pointer::Pointer;
use super::skim::{Kept, Skim};
use super::tree::{Place, Tree};
use crate::{Found, Framing, Meter};

/// The most tokens that are believed: thousands of the largest context windows.
const TOKENS_MAX: u64 = 1 << 32;

/// How the answers of one endpoint are read.
#[derive(Debug)]
pub(super) struct Rules {
    pub(super) tree: Arc<Tree<()>>,
    /// How a stream comes; `Whole` where there is none.
    pub(super) framing: Framing,
    pub(super) model: Option<Place>,
    pub(super) whole: Counts,
    pub(super) stream: Counts,
    pub(super) last: Last,
    /// Where a text says that the vendor failed.
    pub(super) errors: Vec<Place>,
}

/// Where counts stand.
#[derive(Clone, Copy, Debug)]
pub(super) struct Counts {
    pub(super) input: Place,
    pub(super) output: Option<Place>,
    pub(super) cached: Option<Place>,
    pub(super) cached_inside: bool,
    pub(super) reasoning: Option<Place>,
}

/// What tells the last object of a stream.
#[derive(Debug)]
pub(super) enum Last {
    Member(Place, Box<str>),
    Done,
}

/// A count that cannot be believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Absurd;

// === impl Rules ===

impl Rules {
    pub(super) fn new(rules: &EndpointRules, error: &Pointer) -> Result<Self, DeclarationError> {
        let mut tree = Tree::default();
        let whole = Counts::new(&mut tree, &rules.usage)?;
        let model = rules.answer_model.as_ref().map(|model| plain(&mut tree, model)).transpose()?;
        let mut errors = vec![plain(&mut tree, error)?];
        let Some(streams) = &rules.stream else {
            let (tree, framing) = (Arc::new(tree), Framing::Whole);
            let (stream, last) = (whole, Last::Done);
            return Ok(Self { tree, framing, model, whole, stream, last, errors });
        };
        let stream = Counts::new(&mut tree, &streams.usage)?;
        let last = match &streams.last {
            LastEvent::Done => Last::Done,
            LastEvent::Member { pointer, is } => {
                let value = match is {
                    LastValue::Text(text) => Value::from(&**text),
                    LastValue::Flag(flag) => Value::from(*flag),
                };
                Last::Member(plain(&mut tree, pointer)?, value.to_string().into())
            }
        };
        if let Some(error) = &streams.error {
            errors.push(plain(&mut tree, error)?);
        }
        let framing = streams.framing;
        Ok(Self { tree: Arc::new(tree), framing, model, whole, stream, last, errors })
    }
}

/// A place may be that of several rules.
fn plain(tree: &mut Tree<()>, pointer: &Pointer) -> Result<Place, DeclarationError> {
    if !pointer.is_plain() {
        return Err(DeclarationError::NotPlain(pointer.clone()));
    }
    tree.place(pointer)
}

// === impl Counts ===

impl Counts {
    fn new(tree: &mut Tree<()>, rules: &UsageRules) -> Result<Self, DeclarationError> {
        let mut place = |pointer: &Pointer| plain(tree, pointer);
        let cached = rules.cached.as_ref();
        Ok(Self {
            input: place(&rules.input)?,
            output: rules.output.as_ref().map(&mut place).transpose()?,
            cached_inside: cached.is_none_or(|cached| cached.inside_input),
            cached: cached.map(|cached| place(&cached.pointer)).transpose()?,
            reasoning: rules.reasoning.as_ref().map(&mut place).transpose()?,
        })
    }
}

/// The count at a place; `None` where it is not there or `null`. Zero is a count.
pub(super) fn count(object: &Skim, at: Place) -> Result<Option<u64>, Absurd> {
    let written = match object.kept(at) {
        Kept::Absent => return Ok(None),
        Kept::Large => return Err(Absurd),
        Kept::Plain(written) => written.as_slice(),
    };
    if written == b"null" {
        return Ok(None);
    }
    let text = std::str::from_utf8(written).map_err(|_| Absurd)?;
    // Some vendors write counts as decimals: `21.0`.
    let whole = text.split_once('.').map_or(Some(text), |(whole, decimals)| {
        (!decimals.is_empty() && decimals.bytes().all(|digit| digit == b'0')).then_some(whole)
    });
    let digits = whole.filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()));
    let tokens = digits.and_then(|digits| digits.parse().ok());
    tokens.filter(|tokens| *tokens <= TOKENS_MAX).map(Some).ok_or(Absurd)
}

/// The usage that an answer in one piece tells.
pub(super) fn usage(rules: &Arc<Rules>, answer: &[u8]) -> Found {
    let mut meter = DeclaredMeter::new(rules, false);
    meter.feed(answer);
    meter.finish().usage
}
