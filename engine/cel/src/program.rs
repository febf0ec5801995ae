//! Expressions, compiled and run.

use std::collections::BTreeSet;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};

use cel_core::parser::parse;
use cel_core::{Activation, Ast, CelType, Env, SpannedExpr, Value as Inner};

use crate::ambiguous;
use crate::check::{self, ENVIRONMENT, checked};
use crate::defect::{Defect, Fault};
use crate::functions;
use crate::guarded::Guarding;
use crate::limits::{Guard, STEPS_MAX};
use crate::names::Lookup;
use crate::rehearsal;
use crate::value::Value;
use crate::vocabulary::{Bindings, Cell, Slot, Vocabulary};
use crate::{meter, scan, tree};

/// An expression, ready to run as often as is asked.
#[derive(Clone)]
pub struct Program {
    source: Box<str>,
    constants: Vec<Inner>,
    run: cel_core::Program,
}

/// What an expression must come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expected {
    /// True or false.
    Bool,
    /// Anything.
    Any,
}

/// Why an evaluation has no value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// It has more steps than are allowed.
    #[error("the expression takes more than {STEPS_MAX} steps")]
    Cost,
    /// It errs.
    #[error("{0}")]
    Errs(String),
}

/// Values of a program by their number.
pub(crate) struct Constants<'a>(pub(crate) &'a [Inner]);

/// What names stand for in one evaluation.
struct Frame<'a> {
    constants: &'a [Inner],
    bindings: &'a dyn Bindings,
}

// === impl Program ===

impl Program {
    /// Compiles an expression: bounds, syntax, names, types, in this order, each with all that is
    /// wrong by it.
    ///
    /// `container` is the namespace that names are looked up in first; most have none.
    ///
    /// # Errors
    /// All that is wrong, at least one.
    pub fn compile(
        source: &str,
        vocabulary: &mut dyn Vocabulary,
        container: &str,
        expected: Expected,
    ) -> Result<Self, Vec<Defect>> {
        let whole = || 0..source.len();
        scan::hold(source).map_err(|defect| vec![defect])?;
        let compiled =
            catch_unwind(AssertUnwindSafe(|| compile(source, vocabulary, container, expected)));
        compiled.unwrap_or_else(|_| {
            let fault = Fault::Syntax("it cannot be read".to_owned());
            Err(vec![Defect::new(whole(), fault)])
        })
    }

    /// As it was written.
    #[must_use]
    pub fn source(&self) -> &str {
        &self.source
    }

    /// Runs it.
    ///
    /// # Errors
    /// It errs, or takes too many steps.
    pub fn run(&self, bindings: &dyn Bindings) -> Result<Value, Failure> {
        meter::start();
        let frame = Frame { constants: &self.constants, bindings };
        // WHY: the library's arithmetic on instants may panic beyond the calendar; that is an error
        // of the expression, and ends nothing else.
        let value = catch_unwind(AssertUnwindSafe(|| self.run.eval(&frame)));
        if !meter::paid() {
            return Err(Failure::Cost);
        }
        match value {
            Ok(Inner::Error(error)) => Err(Failure::Errs(check::said(&error.message))),
            Ok(value) => Ok(Value(value)),
            Err(_) => Err(Failure::Errs("a value is out of range".to_owned())),
        }
    }

    /// Runs it for a condition.
    ///
    /// # Errors
    /// It errs, takes too many steps, or comes to neither true nor false.
    pub fn holds(&self, bindings: &dyn Bindings) -> Result<bool, Failure> {
        match self.run(bindings)?.0 {
            Inner::Bool(holds) => Ok(holds),
            _ => Err(Failure::Errs("it is neither true nor false".to_owned())),
        }
    }
}

impl fmt::Debug for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Program").field(&self.source).finish()
    }
}

fn compile(
    source: &str,
    vocabulary: &mut dyn Vocabulary,
    container: &str,
    expected: Expected,
) -> Result<Program, Vec<Defect>> {
    let root = read(source)?;
    tree::hold(&root).map_err(|defect| vec![defect])?;
    let names = vocabulary.names().to_vec();
    let mut lookup = Lookup {
        source,
        container,
        env: &ENVIRONMENT,
        vocabulary,
        locals: Vec::new(),
        constants: Vec::new(),
        reads: Vec::new(),
        defects: Vec::new(),
    };
    let (mut root, _) = lookup.expr(root);
    let Lookup { constants, reads, defects, .. } = lookup;
    sound(defects)?;

    let mut env = ENVIRONMENT.clone();
    for (index, name) in names.iter().enumerate() {
        env.add_variable(Cell::Slot(Slot::Name(index)).ident(), checked(&name.kind));
        env.add_variable(Cell::Slot(Slot::Has(index)).ident(), CelType::Bool);
    }
    for (number, kind) in &reads {
        env.add_variable(Cell::Slot(Slot::Read(*number)).ident(), checked(kind));
    }
    for (number, (_, kind)) in constants.iter().enumerate() {
        env.add_variable(Cell::Constant(number).ident(), checked(kind));
    }
    let types = ambiguous::check(&env, &mut root);
    sound(types.errors.iter().map(|error| check::defect(error, &root)).collect())?;
    let kind = types.type_map.get(&root.id).cloned().unwrap_or(CelType::Dyn);
    if expected == Expected::Bool && kind != CelType::Bool {
        return Err(vec![not_bool(&root, &kind)]);
    }
    let constants = constants.into_iter().map(|(value, _)| value).collect();
    let program = guarded(source, root, &types.type_map, constants)?;
    rehearsal::rehearse(&program, &names, &reads)?;
    Ok(program)
}

/// The tree with its guards, and the functions it calls: no others are kept.
fn guarded(
    source: &str,
    root: SpannedExpr,
    types: &std::collections::HashMap<i64, CelType>,
    constants: Vec<Inner>,
) -> Result<Program, Vec<Defect>> {
    let mut guarding = Guarding {
        types,
        env: &ENVIRONMENT,
        constants,
        own: Vec::new(),
        called: BTreeSet::new(),
        defects: Vec::new(),
        around: 0,
    };
    let root = guarding.expr(root);
    let Guarding { constants, own, called, defects, .. } = guarding;
    sound(defects)?;
    let functions = functions::table(&ENVIRONMENT, called).into_iter().chain(own);
    let env = Env::new().with_extension(functions);
    let program = env.program(&Ast::new_unchecked(root, source));
    let run = program.map_err(|error| {
        vec![Defect::new(0..source.len(), Fault::Syntax(check::quoted(&error.to_string())))]
    })?;
    Ok(Program { source: source.into(), constants, run })
}

fn read(source: &str) -> Result<SpannedExpr, Vec<Defect>> {
    let parsed = parse(source);
    let ends = |at: usize| at.min(source.len());
    let said = parsed.errors.iter().map(|error| {
        let span = ends(error.span.start)..ends(error.span.end);
        Defect::new(span, Fault::Syntax(plainly(&error.message)))
    });
    sound(said.collect())?;
    parsed.ast.ok_or_else(|| {
        let fault = Fault::Syntax("there is no expression".to_owned());
        vec![Defect::new(0..source.len(), fault)]
    })
}

/// The parser's words without the names of its types.
fn plainly(message: &str) -> String {
    let message = message.split(", found ").next().unwrap_or(message);
    check::quoted(message)
}

fn not_bool(root: &SpannedExpr, kind: &CelType) -> Defect {
    let what = format!("a condition must be true or false, and this is {}", kind.display_name());
    let help = match kind {
        CelType::Dyn => "compare it: `metadata.urgent == true`",
        CelType::Abstract { .. } => "compare it, such as `spend.day('agent') > 5.00`",
        _ => "compare it, such as `call.hour < 6`",
    };
    Defect::new(root.span.clone(), Fault::Type { what, help: help.to_owned() })
}

fn sound(defects: Vec<Defect>) -> Result<(), Vec<Defect>> {
    if defects.is_empty() { Ok(()) } else { Err(defects) }
}

// === impl Failure ===

impl Failure {
    /// The bound that the evaluation is over, if it is that.
    #[must_use]
    pub const fn guard(&self) -> Option<Guard> {
        match self {
            Self::Cost => Some(Guard::Cost),
            Self::Errs(_) => None,
        }
    }
}

// === impl Constants ===

impl Activation for Constants<'_> {
    fn resolve(&self, name: &str) -> Option<Inner> {
        match Cell::of(name)? {
            Cell::Constant(number) => self.0.get(number).cloned(),
            Cell::Slot(_) => None,
        }
    }
}

// === impl Frame ===

impl Activation for Frame<'_> {
    fn resolve(&self, name: &str) -> Option<Inner> {
        match Cell::of(name)? {
            Cell::Constant(number) => self.constants.get(number).cloned(),
            Cell::Slot(slot) => Some(self.bindings.value(slot).0),
        }
    }
}
