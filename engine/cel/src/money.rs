//! Amounts of money as they stand in an expression: decimals, read digit by digit.

use reins_governor::Usd;

use crate::defect::Fault;

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
