//! Conditions in CEL: an expression over a call's facts and the spend it reads.
//!
//! What it reads of spend is declared when it is compiled, so that the ledger counts it and the
//! call's own hold is in it. An expression that meets such a read before money is held asks for the
//! hold and is evaluated anew: no result rests on what was not known.

use reins_cel::{Defect, Expected, Name, Objection, Program, Reader, Vocabulary};
use reins_governor::{
    Budgets, ConditionKind, Facts, Pattern, ReadKey, Readings, Reason, ScopeKind, Usd, Window,
};

use crate::condition::Finding;
use crate::sight::Sight;
use crate::terms::{READERS, ReaderTerm, names, readers};

/// An expression, ready to ask.
#[derive(Clone, Debug)]
pub(crate) struct Expression {
    program: Program,
    reads: Vec<Read>,
}

/// A figure of spend that an expression reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Read {
    pub(crate) figure: Figure,
    pub(crate) key: ReadKey,
    /// Which reading that is, by its index in what the judge declares.
    pub(crate) index: usize,
    /// As it is written, such as `spend.day('agent')`.
    pub(crate) written: String,
}

/// Which figure of a reading.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Figure {
    /// Charged and set aside, this call included.
    Spend,
    /// Set aside, this call included.
    Held,
    /// Calls, this one included.
    Calls,
    /// What a budget has left.
    Remaining {
        /// Whom the budget counts.
        pattern: Pattern,
        limit: Usd,
    },
}

/// What an expression may name: the terms, and the budgets of the organization.
struct Terms<'a> {
    budgets: &'a Budgets,
    declare: &'a mut dyn FnMut(ReadKey) -> usize,
    reads: Vec<Read>,
}

// === impl Expression ===

impl Expression {
    /// Compiles an expression; `declare` gives each figure of spend its index.
    pub(crate) fn compile(
        source: &str,
        budgets: &Budgets,
        declare: &mut dyn FnMut(ReadKey) -> usize,
    ) -> Result<Self, Vec<Defect>> {
        let mut terms = Terms { budgets, declare, reads: Vec::new() };
        let program = Program::compile(source, &mut terms, "", Expected::Bool)?;
        Ok(Self { program, reads: terms.reads })
    }

    pub(crate) fn ask(&self, facts: &Facts<'_>, readings: Option<&Readings>) -> Finding {
        let sight = Sight::new(facts, readings, &self.reads);
        let found = self.program.holds(&sight);
        if sight.needs_spend() {
            return Finding::NeedsSpend;
        }
        match found {
            Ok(true) => Finding::Holds(Some(Reason::Cel { figures: sight.figures().into() })),
            Ok(false) => Finding::Misses(Reason::Outside { condition: ConditionKind::Cel }),
            Err(failure) => Finding::Errs(format!("the rule's cel errs: {failure}").into()),
        }
    }
}

// === impl Terms ===

impl Vocabulary for Terms<'_> {
    fn names(&self) -> &[Name] {
        names()
    }

    fn readers(&self) -> &[Reader] {
        readers()
    }

    fn read(&mut self, reader: usize, arguments: &[&str]) -> Result<usize, Objection> {
        let unknown = || Objection {
            argument: 0,
            what: "there is no such figure".to_owned(),
            help: "policies/CEL.md lists them".to_owned(),
        };
        let term = READERS.get(reader).ok_or_else(unknown)?;
        let (figure, key) = self.figure(term, arguments)?;
        let quoted: Vec<String> = arguments.iter().map(|text| format!("'{text}'")).collect();
        let written = format!("{}({})", term.path, quoted.join(", "));
        let index = (self.declare)(key);
        let read = Read { figure, key, index, written };
        let known = self.reads.iter().position(|other| *other == read);
        Ok(known.unwrap_or_else(|| {
            self.reads.push(read);
            self.reads.len() - 1
        }))
    }
}

impl Terms<'_> {
    fn figure(
        &self,
        term: &ReaderTerm,
        arguments: &[&str],
    ) -> Result<(Figure, ReadKey), Objection> {
        let (first, second) = (arguments.first(), arguments.get(1));
        let first = first.copied().unwrap_or_default();
        let figure = match term.path.split('.').next() {
            Some("spend") => Figure::Spend,
            Some("held") => Figure::Held,
            Some("calls") => Figure::Calls,
            _ => return self.remaining(first),
        };
        let window = match (term.window, second) {
            (Some(window), _) => window,
            (None, length) => rolling(length.copied().unwrap_or_default())?,
        };
        Ok((figure, ReadKey { kind: scope(first)?, window }))
    }

    fn remaining(&self, name: &str) -> Result<(Figure, ReadKey), Objection> {
        let Some(budget) = self.budgets.iter().find(|budget| *budget.name == *name) else {
            let names: Vec<&str> = self.budgets.iter().map(|budget| &*budget.name).collect();
            let help = match names.as_slice() {
                [] => "define the budget in the file first".to_owned(),
                names => format!("there are: `{}`", names.join("`, `")),
            };
            let what = format!("there is no budget `{name}`");
            return Err(Objection { argument: 0, what, help });
        };
        let key = ReadKey { kind: budget.scope.kind, window: budget.window };
        let (pattern, limit) = (budget.scope.pattern.clone(), budget.limit);
        Ok((Figure::Remaining { pattern, limit }, key))
    }
}

fn scope(word: &str) -> Result<ScopeKind, Objection> {
    ScopeKind::from_word(word).ok_or_else(|| {
        let words: Vec<&str> = ScopeKind::ALL.iter().map(|kind| kind.word()).collect();
        let what = format!("`{word}` is not a scope");
        let help = format!("use one of `{}`", words.join("`, `"));
        Objection { argument: 0, what, help }
    })
}

fn rolling(length: &str) -> Result<Window, Objection> {
    format!("rolling {length}").parse().map_err(|_| Objection {
        argument: 1,
        what: format!("`{length}` is not a length of time"),
        help: "write a number of hours, days, weeks or months, such as `24h`, `7d`, `4w`, `1mo`"
            .to_owned(),
    })
}

#[cfg(test)]
mod tests;
