//! What every input is held to. A finding is a panic: that is how a fuzzer hears of one.
//!
//! Requests and answers are held to the properties that the tests of `engine/dialects` hold theirs
//! to: one text, in one place.

#[path = "../../../engine/dialects/tests/agreement/answer.rs"]
mod answer;
#[path = "../../../engine/dialects/tests/agreement/request.rs"]
mod request;
#[path = "../../../engine/dialects/tests/agreement/second.rs"]
mod second;
#[path = "../../../engine/dialects/tests/agreement/shown.rs"]
mod shown;

mod bill;
mod declared;
mod expression;
mod file;

use reins_dialects::dialects;

/// Whatever is read of a request, in any dialect, a second parser reads alike, and in what it is
/// rewritten to.
pub fn request(body: &[u8]) {
    dialects().for_each(|dialect| must(request::agrees(&**dialect, body)));
}

/// However an answer is cut, it tells the same in any dialect, and that can be believed.
pub fn answer(bytes: &[u8]) {
    dialects().for_each(|dialect| must(answer::holds(&**dialect, bytes)));
}

/// Bytes as a request or an answer of a vendor whose dialect a file declares.
pub fn declared(bytes: &[u8]) {
    must(declared::holds(bytes));
}

/// A client sees all of an answer but what may be hidden.
pub fn shown(bytes: &[u8]) {
    must(shown::hides_no_more(bytes));
}

/// A file is read, or every problem stands in a line of it.
pub fn config(text: &str) {
    must(file::is_read_or_reported(text));
}

/// A usage is refused, or costs what its tokens cost.
pub fn usage(json: &[u8]) {
    must(bill::is_right(json));
}

/// A rule's expression is refused, or ends within its bounds.
pub fn expression(text: &str) {
    must(expression::is_refused_or_ends(text));
}

fn must(hold: second::Verdict) {
    if let Err(what) = hold {
        panic!("{what}");
    }
}
