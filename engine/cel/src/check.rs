//! Types: the environment of the checker, and what it says in words for people.

use std::sync::LazyLock;

use cel_core::{
    BinaryOp, CelType, CheckError, CheckErrorKind, Env, FunctionDecl, OverloadDecl, SpannedExpr,
};

use crate::defect::{Defect, Fault};
use crate::money::{self, USD};
use crate::value::Type;

/// The standard library and the extensions for texts, numbers, encodings and optionals, and the
/// operators of money. Built once: it has some 150 functions.
pub(crate) static ENVIRONMENT: LazyLock<Env> = LazyLock::new(|| {
    let mut env = Env::with_standard_library().with_all_extensions();
    let usd = money();
    for (operator, name, _) in money::OPERATORS {
        let (left, right, result) = match operator {
            BinaryOp::Add | BinaryOp::Sub => (usd.clone(), usd.clone(), usd.clone()),
            BinaryOp::Mul => (usd.clone(), CelType::Int, usd.clone()),
            BinaryOp::Div => (usd.clone(), CelType::Int, usd.clone()),
            _ => (usd.clone(), usd.clone(), CelType::Bool),
        };
        env.add_function(operation(name, left, right, result));
    }
    env.add_function(operation("@usd*", CelType::Int, usd.clone(), usd));
    env
});

/// The kind of money.
pub(crate) fn money() -> CelType {
    CelType::Abstract { name: USD.into(), params: [].into() }
}

fn operation(name: &str, left: CelType, right: CelType, result: CelType) -> FunctionDecl {
    let id = format!("{name}{}_{}", left.display_name(), right.display_name());
    let overload = OverloadDecl::function(id, vec![left, right], result);
    FunctionDecl::new(name).with_overload(overload)
}

/// The checker's word for a kind of value.
pub(crate) fn checked(kind: &Type) -> CelType {
    match kind {
        Type::Bool => CelType::Bool,
        Type::Int => CelType::Int,
        Type::Uint => CelType::UInt,
        Type::Double => CelType::Double,
        Type::String => CelType::String,
        Type::Bytes => CelType::Bytes,
        Type::Null => CelType::Null,
        Type::Timestamp => CelType::Timestamp,
        Type::Duration => CelType::Duration,
        Type::Money => money(),
        Type::List(inner) => CelType::list(checked(inner)),
        Type::Map(key, inner) => CelType::map(checked(key), checked(inner)),
        Type::Dyn => CelType::Dyn,
        Type::Kind => CelType::type_of(CelType::Dyn),
    }
}

/// What the checker found, in words for people.
pub(crate) fn defect(error: &CheckError, root: &SpannedExpr) -> Defect {
    let span = if error.span.is_empty() { root.span.clone() } else { error.span.clone() };
    let (what, help) = match &error.kind {
        CheckErrorKind::NoMatchingOverload { function, arg_types } => {
            overload(&operator(function), arg_types)
        }
        other => {
            let what = quoted(&other.to_string());
            (what, "make both sides the same kind of value".to_owned())
        }
    };
    Defect::new(span, Fault::Type { what, help })
}

fn overload(function: &str, kinds: &[CelType]) -> (String, String) {
    let names: Vec<String> = kinds.iter().map(CelType::display_name).collect();
    let what = format!("`{function}` cannot take {}", names.join(" and "));
    let help = if kinds.contains(&money()) && matches!(function, "*" | "/") {
        "money is multiplied and divided by a whole number: 80 percent of five dollars is \
         `usd('5.00') * 80 / 100`"
    } else if kinds.contains(&money()) && money::operator_named(function).is_none() {
        "money can only be compared and reckoned with, such as `spend.day('agent') > 5.00`"
    } else if kinds.contains(&money()) {
        "money goes with money: write the amount as a number such as `5.00`, or `usd('5.00')`"
    } else if kinds.contains(&CelType::Double) {
        "make both sides the same kind: `double(…)` makes a whole number one with a point"
    } else {
        "make both sides the same kind: texts stand in quotes, numbers do not"
    };
    (what, help.to_owned())
}

/// `>` of `_>_`, and a function's own name.
fn operator(function: &str) -> String {
    match function {
        "_[_]" => "[…]".to_owned(),
        "_?_:_" => "? :".to_owned(),
        "@in" => "in".to_owned(),
        _ => function.trim_start_matches("@usd").trim_matches('_').to_owned(),
    }
}

/// What an evaluation errs with, in words for people.
pub(crate) fn said(message: &str) -> String {
    if let Some(function) = message.strip_prefix("no matching overload for function: ") {
        return format!("`{}` cannot take such values", operator(function));
    }
    match message.strip_prefix("key not found: ") {
        Some(key) => format!("there is no key `{key}`"),
        None => quoted(message),
    }
}

/// The library's quotes as ours.
pub(crate) fn quoted(text: &str) -> String {
    text.replace('\'', "`")
}
