//! Money in an expression: its operators, and amounts read digit by digit.

use cel_core::BinaryOp;
use reins_governor::Usd;

use crate::defect::Fault;

/// The kind of money, and the function that makes some of a text.
pub(crate) const USD: &str = "usd";

/// The operators of money, the names they have for the checker, and whether their result is money.
/// They are functions of their own there: among the library's overloads of `+`, what is known only
/// at run time could pass for money.
pub(crate) const OPERATORS: [(BinaryOp, &str, bool); 10] = [
    (BinaryOp::Eq, "@usd==", false),
    (BinaryOp::Ne, "@usd!=", false),
    (BinaryOp::Lt, "@usd<", false),
    (BinaryOp::Le, "@usd<=", false),
    (BinaryOp::Gt, "@usd>", false),
    (BinaryOp::Ge, "@usd>=", false),
    (BinaryOp::Add, "@usd+", true),
    (BinaryOp::Sub, "@usd-", true),
    (BinaryOp::Mul, "@usd*", true),
    (BinaryOp::Div, "@usd/", true),
];

/// The checker's name of an operator of money, and whether its result is money.
pub(crate) fn operator(op: BinaryOp) -> Option<(&'static str, bool)> {
    OPERATORS.iter().find(|(other, ..)| *other == op).map(|(_, name, money)| (*name, *money))
}

/// The operator that the checker knows by this name.
pub(crate) fn named(name: &str) -> Option<BinaryOp> {
    OPERATORS.iter().find(|(_, other, _)| *other == name).map(|(op, ..)| *op)
}

/// The operator that is written like this.
pub(crate) fn operator_named(written: &str) -> Option<BinaryOp> {
    OPERATORS.iter().find(|(_, name, _)| name.strip_prefix("@usd") == Some(written)).map(|o| o.0)
}

/// The nano-USD of a decimal, which may be below zero.
pub(crate) fn literal(text: &str) -> Result<i64, Fault> {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => (-1, digits.trim_start()),
        None => (1, text),
    };
    match digits.parse::<Usd>() {
        Ok(amount) => Ok(sign * amount.nanos_i64()),
        Err(error) => Err(Fault::Argument {
            what: error.to_string(),
            help: "write dollars with at most nine decimals, such as `5` or `0.25`".to_owned(),
        }),
    }
}
