//! The functions that stand in a tree beside the library's: they pay, match and look for keys.

use std::sync::Arc;

use cel_core::types::OverloadDecl;
use cel_core::{
    CelType, Env, EvalError, EvalErrorKind, FunctionDecl, MapKey, OptionalValue, Value,
};
use regex::{Error, RegexBuilder};

use crate::defect::Fault;
use crate::limits::{BYTES_PER_STEP, Guard, MADE_BYTES_MAX, PATTERN_BYTES_MAX, STEPS_MAX};
use crate::meter;

/// The functions with these names, as a tree calls them.
pub(crate) fn table(env: &Env, called: impl IntoIterator<Item = String>) -> Vec<FunctionDecl> {
    let function = |name: String| match name.as_str() {
        "@size" => Some(plain(&name, 1, size)),
        "@has" => Some(plain(&name, 2, has)),
        _ => env.functions().get(&name).cloned().map(bounded),
    };
    called.into_iter().filter_map(function).collect()
}

/// A comprehension's range, with all its rounds paid.
pub(crate) fn rounds(name: &str, weight: u64) -> FunctionDecl {
    plain(name, 1, move |args| {
        let Some(range) = args.first() else { return Value::Null };
        let steps = meter::rounds(range).saturating_add(1).saturating_mul(weight);
        if meter::pay(steps) { range.clone() } else { too_dear() }
    })
}

/// Whether a text has a match of a pattern, which is compiled here.
pub(crate) fn matches(name: &str, pattern: &str) -> Result<FunctionDecl, Fault> {
    let built = RegexBuilder::new(pattern).size_limit(PATTERN_BYTES_MAX).build();
    let regex = built.map_err(|error| match error {
        Error::CompiledTooBig(_) => {
            Fault::over(Guard::Pattern, PATTERN_BYTES_MAX, PATTERN_BYTES_MAX)
        }
        other => Fault::Pattern(format!("`{pattern}` is not a pattern: {}", last_line(&other))),
    })?;
    Ok(plain(name, 1, move |args| match args.first() {
        Some(Value::String(text)) if meter::pay(steps(text.len())) => {
            Value::Bool(regex.is_match(text))
        }
        Some(Value::String(_)) => too_dear(),
        _ => Value::error(EvalError::new(
            EvalErrorKind::NoMatchingOverload,
            "`matches` takes a text",
        )),
    }))
}

/// The library's messages draw the pattern over several lines; the last has the words.
fn last_line(error: &Error) -> String {
    let text = error.to_string();
    let line = text.lines().last().unwrap_or_default();
    line.trim().trim_start_matches("error: ").to_owned()
}

fn plain(
    name: &str,
    arguments: usize,
    run: impl Fn(&[Value]) -> Value + Send + Sync + 'static,
) -> FunctionDecl {
    let kinds = vec![CelType::Dyn; arguments];
    let overload = OverloadDecl::function(name, kinds, CelType::Dyn).with_impl(run);
    FunctionDecl::new(name).with_overload(overload)
}

fn size(args: &[Value]) -> Value {
    match args.first() {
        Some(value) if meter::pay_for(value) => value.clone(),
        _ => too_dear(),
    }
}

fn has(args: &[Value]) -> Value {
    let [value, Value::String(field)] = args else { return Value::Null };
    let inner = match value {
        Value::Optional(OptionalValue::None) => return Value::Bool(false),
        Value::Optional(OptionalValue::Some(inner)) => inner,
        value => value,
    };
    match inner {
        Value::Map(map) => Value::Bool(map.contains_key(&MapKey::String(Arc::clone(field)))),
        _ => {
            let why = format!("only a map has fields such as `{field}`");
            Value::error(EvalError::new(EvalErrorKind::NoMatchingOverload, why))
        }
    }
}

/// Functions whose result can be out of all proportion to their arguments, with a bound on it.
fn bounded(mut function: FunctionDecl) -> FunctionDecl {
    let most: fn(&[Value]) -> usize = match function.name.as_str() {
        "replace" => replaced,
        "join" => joined,
        "format" => formatted,
        _ => return function,
    };
    for overload in &mut function.overloads {
        let Some(inner) = overload.implementation.take() else { continue };
        overload.implementation =
            Some(Arc::new(
                move |args: &[Value]| {
                    if most(args) > MADE_BYTES_MAX { too_dear() } else { inner(args) }
                },
            ));
    }
    function
}

fn length(value: Option<&Value>) -> usize {
    match value {
        Some(Value::String(text)) => text.len(),
        _ => 0,
    }
}

/// Each place where the old text may stand has the new one; an empty one stands between any two.
fn replaced(args: &[Value]) -> usize {
    let [text, old, new] = [0, 1, 2].map(|at| length(args.get(at)));
    let places = text / old.max(1) + 1;
    places.saturating_mul(new).saturating_add(text)
}

fn joined(args: &[Value]) -> usize {
    let Some(Value::List(list)) = args.first() else { return 0 };
    let between = length(args.get(1)).saturating_mul(list.len());
    list.iter().map(|part| length(Some(part))).fold(between, usize::saturating_add)
}

/// Each verb may write all of its argument, and as many digits as it names.
fn formatted(args: &[Value]) -> usize {
    let Some(Value::String(text)) = args.first() else { return 0 };
    let digits = text.split(|c: char| !c.is_ascii_digit()).filter(|run| !run.is_empty());
    let digits = digits.map(|run| run.parse::<usize>().unwrap_or(usize::MAX));
    let parts = args.get(1).map_or(0, |list| meter::size(list, STEPS_MAX));
    let parts = usize::try_from(parts).unwrap_or(usize::MAX);
    let written = parts.saturating_mul(BYTES_PER_STEP);
    digits.fold(written.saturating_add(text.len()), usize::saturating_add)
}

fn steps(bytes: usize) -> u64 {
    u64::try_from(bytes / BYTES_PER_STEP).unwrap_or(u64::MAX).saturating_add(1)
}

fn too_dear() -> Value {
    let _ = meter::pay(u64::MAX);
    Value::error(EvalError::new(EvalErrorKind::Internal, "too many steps"))
}
