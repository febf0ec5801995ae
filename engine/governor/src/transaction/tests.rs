//! Records shown as JSON.

use proptest::prelude::*;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::samples::records::transaction;

proptest! {
    #[test]
    fn a_record_is_shown_as_one_object_with_its_metadata_as_it_was_sent(record in transaction()) {
        let text = record.json().expect("it has a JSON form");
        let shown: std::collections::HashMap<String, Box<RawValue>> =
            serde_json::from_str(&text).expect("an object");
        let of = |name: &str| shown[name].get();
        let metadata = record.opening.who.metadata.as_deref().unwrap_or("null");
        prop_assert_eq!(of("metadata"), metadata);
        let word = |name: &str| serde_json::from_str::<Value>(of(name)).expect("JSON");
        prop_assert_eq!(word("id"), record.opening.id.to_string());
        prop_assert_eq!(word("status"), record.status.word());
        prop_assert_eq!(word("model_sent"), &*record.opening.call.model);
        let matched = word("matched").as_array().map_or(0, Vec::len);
        prop_assert_eq!(matched, record.opening.matched.len());
    }
}
