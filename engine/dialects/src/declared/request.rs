//! The facts of a request to a declared endpoint, in one pass along its rules.

use std::borrow::Cow;
use std::sync::Arc;

use reins_governor::Wording;

use super::cap::{self, Gap};
use super::request_rules::{Prompts, Role, Rules};
use super::tree::{Place, ROOT};
use crate::Asked;
use crate::input::{self, Input, passed_value};
use crate::malformed::Malformed;
use crate::read::Places;
use crate::scan::{Kind, Scan, Scanned};

/// The most answers a request may ask for.
const CHOICES_MAX: u64 = 10_000;

/// Bytes of a list with nothing in it.
const EMPTY_LIST: u64 = 2;

/// What the size of an input cannot be known for.
const UNDECLARED: &str = "a part of a message that the dialect does not declare";
const REFERENCE: &str = "an input that the request only refers to";
const IMAGES: &str = "images that the request does not show one by one";

/// What has been read of a request so far.
#[derive(Debug)]
struct Request<'r, 'a> {
    rules: &'r Rules,
    model: Option<Cow<'a, str>>,
    stream: Option<bool>,
    choices: Option<u64>,
    has_fee: bool,
    input: Input,
    places: Places,
}

/// Where a value stands.
#[derive(Clone, Copy, Debug)]
struct Here<'p> {
    /// What stands before its members in a sentence, such as `options.`.
    within: &'p str,
    /// Its own name.
    name: &'p str,
    /// Whether it is inside of a message.
    in_message: bool,
    /// The rule that holds for all of it, where no other does.
    all: Option<Role>,
}

/// Reads a body.
pub(super) fn read(rules: &Rules, body: &[u8]) -> Scanned<Asked> {
    let mut scan = Scan::new(body)?;
    let (places, input) = (Places::default(), Input::default());
    let (model, stream, choices, has_fee) = (None, None, None, false);
    let mut request = Request { rules, model, stream, choices, has_fee, input, places };
    let kind = scan.kind()?;
    if kind != Kind::Object {
        return Err(Malformed::kind("body", kind.word(), scan.at(), "an object"));
    }
    let here = Here { within: "", name: "body", in_message: false, all: None };
    request.members(&mut scan, ROOT, here)?;
    scan.end()?;
    request.asked()
}

// === impl Request ===

impl<'a> Request<'_, 'a> {
    /// Reads the value at a place that rules know.
    fn value(&mut self, scan: &mut Scan<'a>, at: Place, here: Here<'_>) -> Scanned<()> {
        let rules = self.rules;
        let Some(node) = rules.tree.node(at) else { return self.unknown(scan, here) };
        match node.role {
            Some(Role::Model) => self.model(scan, here.name),
            Some(Role::Stream) => {
                self.stream = scan.flag(here.name)?;
                Ok(())
            }
            Some(Role::Cap(index)) => {
                self.places.caps.push(cap::read(scan, here.name, index)?);
                Ok(())
            }
            Some(Role::Choices) => self.choices(scan, here.name),
            Some(Role::Messages) => self.messages(scan, at, here),
            Some(Role::Prompts) => self.prompts(scan),
            Some(role) => self.input(scan, at, role, here),
            None => self.inside(scan, at, Here { all: node.all.or(here.all), ..here }),
        }
    }

    /// Reads on inside of a value.
    fn inside(&mut self, scan: &mut Scan<'a>, at: Place, here: Here<'_>) -> Scanned<()> {
        let rules = self.rules;
        let Some(node) = rules.tree.node(at) else { return self.unknown(scan, here) };
        match (scan.kind()?, node.each) {
            (Kind::Object, _) if !node.names.is_empty() => self.members(scan, at, here),
            (Kind::Null, _) => self.null(scan, at),
            (kind, _) if self.is_on_the_way(at).is_some() => {
                Err(Malformed::kind(here.name, kind.word(), scan.at(), "an object"))
            }
            (Kind::List, Some(each)) => scan.list(|scan| self.value(scan, each, here)),
            _ => self.unknown(scan, here),
        }
    }

    fn members(&mut self, scan: &mut Scan<'a>, at: Place, here: Here<'_>) -> Scanned<()> {
        let rules = self.rules;
        let Some(node) = rules.tree.node(at) else { return self.unknown(scan, here) };
        scan.kind()?;
        let open = scan.at().saturating_add(1);
        let depth = self.is_on_the_way(at);
        if let Some(depth) = depth {
            self.places.gap = Gap { place: open..open, depth, others: false };
        }
        let mut others = false;
        scan.object_of(here.within, &node.names, |scan, index| {
            others = true;
            let known = index.and_then(|index| Some((index, *node.children.get(index)?)));
            let Some((index, child)) = known else { return self.unknown(scan, here) };
            let name = node.names.get(index).map_or("", |name| name);
            let name = format!("{}{name}", here.within);
            let within = format!("{name}.");
            self.value(scan, child, Here { within: &within, name: &name, ..here })
        })?;
        if depth.is_some_and(|depth| self.places.gap.depth == depth) {
            self.places.gap.others = others;
        }
        Ok(())
    }

    /// How many names lead to an object in which the cap stands, if it does in this one.
    fn is_on_the_way(&self, at: Place) -> Option<usize> {
        self.rules.cap.as_ref()?.way.iter().position(|place| *place == at)
    }

    /// A `null` says nothing; the cap can be written in its place.
    fn null(&mut self, scan: &mut Scan<'a>, at: Place) -> Scanned<()> {
        let place = scan.pass()?.place;
        if let Some(depth) = self.is_on_the_way(at) {
            self.places.gap = Gap { place, depth, others: false };
        }
        Ok(())
    }

    fn model(&mut self, scan: &mut Scan<'a>, name: &str) -> Scanned<()> {
        scan.kind()?;
        let start = scan.at();
        self.model = scan.word(name)?;
        self.places.model = start..scan.at();
        Ok(())
    }

    fn choices(&mut self, scan: &mut Scan<'a>, name: &str) -> Scanned<()> {
        self.choices = scan.positive(name)?;
        match self.choices {
            Some(choices) if choices > CHOICES_MAX => {
                let mend = format!("ask for at most {CHOICES_MAX} answers");
                Err(Malformed::value(name, &choices.to_string(), &mend))
            }
            Some(_) | None => Ok(()),
        }
    }

    fn messages(&mut self, scan: &mut Scan<'a>, at: Place, here: Here<'_>) -> Scanned<()> {
        let here = Here { in_message: true, ..here };
        let each = self.rules.tree.node(at).and_then(|node| node.each);
        match (scan.kind()?, each) {
            (Kind::List, Some(each)) => scan.list(|scan| {
                self.input.part();
                self.value(scan, each, here)
            }),
            (Kind::Null, _) => scan.pass().map(drop),
            _ => self.unknown(scan, here),
        }
    }

    /// A text is one prompt, and each item of a list another.
    fn prompts(&mut self, scan: &mut Scan<'a>) -> Scanned<()> {
        match scan.kind()? {
            Kind::Null => scan.pass().map(drop),
            Kind::List => scan.list(|scan| self.prompt(scan)),
            Kind::Object | Kind::String | Kind::Number | Kind::Flag => self.prompt(scan),
        }
    }

    fn prompt(&mut self, scan: &mut Scan<'a>) -> Scanned<()> {
        self.input.prompt();
        match scan.kind()? {
            Kind::List => scan.list(|scan| self.token(scan)),
            Kind::Object | Kind::String | Kind::Number | Kind::Flag | Kind::Null => {
                self.token(scan)
            }
        }
    }

    /// A text, or the id of a token; what is made of others may be of any size.
    fn token(&mut self, scan: &mut Scan<'a>) -> Scanned<()> {
        match scan.kind()? {
            Kind::Object | Kind::List => self.input.referring(scan, UNDECLARED),
            Kind::String | Kind::Number | Kind::Flag | Kind::Null => self.input.text(scan),
        }
    }

    /// A value that is an input, or nothing.
    fn input(&mut self, scan: &mut Scan<'a>, at: Place, role: Role, here: Here<'_>) -> Scanned<()> {
        let kind = scan.kind()?;
        let composite = matches!(kind, Kind::Object | Kind::List);
        match role {
            Role::Text if composite => {
                let all = self.rules.tree.node(at).and_then(|node| node.all).or(here.all);
                self.inside(scan, at, Here { all, ..here })
            }
            _ => self.as_role(scan, role, here),
        }
    }

    /// Counts a value by its rule, all that is below included.
    fn as_role(&mut self, scan: &mut Scan<'a>, role: Role, here: Here<'_>) -> Scanned<()> {
        match (role, scan.kind()?) {
            (_, Kind::Null) => scan.pass().map(drop),
            (Role::Image, Kind::List) => self.input.referring(scan, IMAGES),
            (Role::Image, _) => {
                self.input.image();
                scan.pass().map(drop)
            }
            (Role::Reference, _) => self.input.referring(scan, REFERENCE),
            (Role::Refused, _) => Err(Malformed::new(format!(
                "`{}` at byte {} is refused, as this vendor's dialect is declared: leave it out",
                here.name,
                scan.at()
            ))),
            (Role::Fee, kind) => self.fee(scan, kind, here.name),
            _ => self.input.text(scan),
        }
    }

    /// What costs extra, where it asks for anything: neither false nor an empty list does.
    fn fee(&mut self, scan: &mut Scan<'a>, kind: Kind, name: &str) -> Scanned<()> {
        if kind == Kind::Flag {
            self.has_fee |= scan.flag(name)? == Some(true);
        } else if let Some(passed) = passed_value(scan)? {
            self.has_fee |= kind != Kind::List || passed.text_bytes > EMPTY_LIST;
            self.input.add_text(passed.text_bytes);
        }
        Ok(())
    }

    /// A value that no rule is for: text outside of messages, and inputs of any size inside.
    fn unknown(&mut self, scan: &mut Scan<'a>, here: Here<'_>) -> Scanned<()> {
        match here.all {
            Some(role) => self.as_role(scan, role, here),
            None if here.in_message => self.input.referring(scan, UNDECLARED),
            None => self.input.text(scan),
        }
    }

    fn asked(mut self) -> Scanned<Asked> {
        let rules = self.rules;
        let model: Arc<str> = input::model(self.model)?.into();
        let size = &mut self.input.size;
        let answered = match rules.prompts {
            Prompts::One => 1,
            Prompts::There => size.prompts.max(1),
            Prompts::Unknown => {
                size.prompts = size.text_bytes.saturating_add(1);
                1
            }
        };
        let named = cap::agreed(&self.places.caps)?;
        let output_cap = if rules.cap.is_some() { named } else { Some(0) };
        let fee = Wording::new("what the request asks for costs extra, as its dialect declares");
        Ok(Asked {
            stream: self.stream.unwrap_or(rules.streams),
            input: self.input.size,
            output_cap,
            choices: self.choices.unwrap_or(1).saturating_mul(answered),
            extra_fee: self.has_fee.then_some(fee),
            ..Asked::new(rules.kind, model, self.places)
        })
    }
}
