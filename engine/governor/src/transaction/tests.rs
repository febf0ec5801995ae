//! Records shown as JSON.

use proptest::prelude::*;

use super::Transaction;
use crate::samples::records::{attempt, opening, transaction};

/// What one value comes to that was written as JSON and read back.
fn again<T: serde::Serialize + serde::de::DeserializeOwned>(value: &T) -> T {
    let text = serde_json::to_string(value).expect("it has a JSON form");
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

proptest! {
    #[test]
    fn what_is_shown_is_json_that_keeps_every_figure(mut transaction in transaction()) {
        // The digest is shown and not read back.
        transaction.trace_digest = None;
        let text = transaction.json().expect("it has a JSON form");
        let read = Transaction::read(&text).expect("it was written");
        prop_assert_eq!(&read, &transaction);
        prop_assert_eq!(read.json().expect("it has a JSON form"), text);
    }

    #[test]
    fn each_part_is_read_back_by_itself(opening in opening(), attempt in attempt()) {
        prop_assert_eq!(&again(&opening), &opening);
        prop_assert_eq!(&again(&attempt), &attempt);
    }
}
