//! The bounds that are held before anything is parsed: the parser recurses, and a stack that
//! overflows ends the process.
//!
//! One pass over the bytes, without recursion. It knows texts and comments, so that brackets in
//! them do not count, and overestimates the rest: what it lets through is no deeper than it says.

use std::iter::Peekable;
use std::str::CharIndices;

use crate::defect::{Defect, Fault};
use crate::limits::{DOUBLINGS_MAX, Guard, NESTING_MAX, PATH_MAX, SOURCE_BYTES_MAX};

/// Operators of two characters, each one level of the tree.
const PAIRS: [&str; 6] = ["&&", "||", "==", "!=", "<=", ">="];

/// One pass over the source.
struct Scan<'a> {
    source: &'a str,
    rest: Peekable<CharIndices<'a>>,
    /// For each bracket that is open, and for the whole.
    open: Vec<Level>,
    doublings: usize,
    /// `cel.block` makes a nest of a flat list: commas do not separate siblings then.
    flat: bool,
    /// Whether the last token could end an operand: a `-` or `!` behind one that cannot is unary.
    operand: bool,
}

/// What stands between one bracket and its end.
#[derive(Clone, Copy, Default)]
struct Level {
    operators: usize,
    nesting: usize,
}

/// Holds an expression to its bounds.
pub(crate) fn hold(source: &str) -> Result<(), Defect> {
    if source.len() > SOURCE_BYTES_MAX {
        let at = source.floor_char_boundary(SOURCE_BYTES_MAX)..source.len();
        return Err(Defect::new(at, Fault::over(Guard::Size, source.len(), SOURCE_BYTES_MAX)));
    }
    let mut scan = Scan {
        source,
        rest: source.char_indices().peekable(),
        open: vec![Level::default()],
        doublings: 0,
        flat: !source.contains("block"),
        operand: false,
    };
    while let Some((at, c)) = scan.rest.next() {
        scan.token(at, c)?;
    }
    Ok(())
}

// === impl Scan ===

impl Scan<'_> {
    fn token(&mut self, at: usize, c: char) -> Result<(), Defect> {
        match c {
            ' ' | '\t' | '\r' | '\n' | '\u{c}' => return Ok(()),
            '/' if self.next_is('/') => self.comment(),
            '"' | '\'' => self.text(c, self.is_raw(at)),
            '`' => self.text(c, true),
            'a'..='z' | 'A'..='Z' | '0'..='9' | '_' => self.word(at),
            '(' | '[' | '{' => self.down(),
            ')' | ']' | '}' => self.up(),
            ',' => self.sibling(),
            _ => self.operator(at, c),
        }
        self.held(at)
    }

    /// Whether the path to here is within its bounds.
    fn held(&self, at: usize) -> Result<(), Defect> {
        let nesting: usize = self.open.iter().map(|level| level.nesting + 1).sum();
        let path: usize = self.open.iter().map(|level| level.operators + 1).sum();
        let over = [
            (Guard::Nesting, nesting.saturating_sub(1), NESTING_MAX),
            (Guard::Depth, path, PATH_MAX),
            (Guard::Doublings, self.doublings, DOUBLINGS_MAX),
        ];
        match over.into_iter().find(|(_, found, most)| found > most) {
            Some((guard, found, most)) => {
                Err(Defect::new(at..self.source.len(), Fault::over(guard, found, most)))
            }
            None => Ok(()),
        }
    }

    fn down(&mut self) {
        self.count();
        self.open.push(Level::default());
        self.operand = false;
    }

    fn up(&mut self) {
        if self.open.len() > 1 {
            self.open.pop();
        }
        self.operand = true;
    }

    fn sibling(&mut self) {
        if self.flat {
            if let Some(level) = self.open.last_mut() {
                *level = Level::default();
            }
        } else {
            self.count();
        }
        self.operand = false;
    }

    fn operator(&mut self, at: usize, c: char) {
        if self.source.get(at..at + 2).is_some_and(|pair| PAIRS.contains(&pair)) {
            self.rest.next();
        }
        self.count();
        let unary = matches!(c, '-' | '!') && !self.operand;
        if (unary || c == '?')
            && let Some(level) = self.open.last_mut()
        {
            level.nesting += 1;
        }
        self.operand = false;
    }

    fn word(&mut self, at: usize) {
        let inside = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let mut end = at + 1;
        while let Some((next, _)) = self.rest.next_if(|(_, c)| inside(*c)) {
            end = next + 1;
        }
        match self.source.get(at..end) {
            Some("optMap" | "optFlatMap") => self.doublings += 1,
            Some("in") => {
                self.count();
                self.operand = false;
                return;
            }
            _ => {}
        }
        self.operand = true;
    }

    fn comment(&mut self) {
        while self.rest.next_if(|(_, c)| *c != '\n').is_some() {}
    }

    fn text(&mut self, quote: char, raw: bool) {
        let triple = self.next_is(quote) && self.takes_two(quote);
        let mut run = 0_usize;
        while let Some((_, c)) = self.rest.next() {
            if c == '\\' && !raw {
                self.rest.next();
                run = 0;
                continue;
            }
            run = if c == quote { run + 1 } else { 0 };
            if run == if triple { 3 } else { 1 } {
                break;
            }
        }
        self.operand = true;
    }

    /// Behind a quote: whether two more make it a triple one. An empty text is none.
    fn takes_two(&mut self, quote: char) -> bool {
        let mut ahead = self.rest.clone();
        ahead.next();
        let triple = ahead.next().is_some_and(|(_, c)| c == quote);
        if triple {
            self.rest.next();
            self.rest.next();
        }
        triple
    }

    /// Whether the quote at `at` begins a text without escapes.
    fn is_raw(&self, at: usize) -> bool {
        let before = self.source.get(..at).unwrap_or_default();
        let prefix = before.len() - before.trim_end_matches(['r', 'R', 'b', 'B']).len();
        let word = before.trim_end_matches(['r', 'R', 'b', 'B']);
        let alone = !word.ends_with(|c: char| c.is_ascii_alphanumeric() || c == '_');
        alone
            && prefix <= 2
            && before.get(before.len() - prefix..).is_some_and(|p| p.contains(['r', 'R']))
    }

    fn next_is(&mut self, wanted: char) -> bool {
        self.rest.peek().is_some_and(|(_, c)| *c == wanted)
    }

    fn count(&mut self) {
        if let Some(level) = self.open.last_mut() {
            level.operators += 1;
        }
    }
}

#[cfg(test)]
mod tests;
