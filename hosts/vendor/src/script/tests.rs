//! Scripts as tests write them.

use super::{Bill, Reset, Script};
use crate::claim::Claim;

#[test]
fn words_become_a_script() {
    let script = Script::parse("latency_ms=5 output=7, usage=negative;reset=mid tool bill=input");
    let expected = Script {
        latency_ms: Some(5),
        output: Some(7),
        claim: Claim::Negative,
        reset: Some(Reset::Mid),
        tool: true,
        bill: Bill::Input,
        ..Script::default()
    };
    assert_eq!(script, Ok(expected));
}

#[test]
fn a_wrong_word_is_named() {
    for words in ["latency=5", "output=-1", "output=x", "status=200", "usage=odd", "hang=yes"] {
        let fault = Script::parse(words).unwrap_err();
        assert!(fault.contains(words), "{fault}");
    }
}

#[test]
fn a_directive_stands_anywhere_in_the_text() {
    assert_eq!(Script::directive("please [[script: output=3]] now"), Some(" output=3"));
    assert_eq!(Script::directive("please [[script: output=3"), None);
    assert_eq!(Script::directive("please"), None);
}
