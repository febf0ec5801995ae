//! Resemblance: whether what was seen has everything that was expected, and what is missing.

use serde_json::Value;

/// Every difference between what a scenario expects and what was seen. Objects may have more
/// members than expected; `"*"` stands for any value, `"*text*"` for a string with that text in
/// it, `"!…"` for whatever does not resemble the rest, a list beside a string for all of its
/// patterns, and `null` for a member that is absent or null.
pub(crate) fn differences(expected: &Value, seen: &Value) -> Vec<String> {
    let mut found = Vec::new();
    compare("", expected, seen, &mut found);
    found
}

fn compare(path: &str, expected: &Value, seen: &Value, found: &mut Vec<String>) {
    match (expected, seen) {
        (Value::Object(members), Value::Object(_)) => {
            for (name, expected) in members {
                let seen = seen.get(name).unwrap_or(&Value::Null);
                compare(&format!("{path}.{name}"), expected, seen, found);
            }
        }
        (Value::Array(expected), Value::Array(seen)) if expected.len() == seen.len() => {
            for (index, (expected, seen)) in expected.iter().zip(seen).enumerate() {
                compare(&format!("{path}[{index}]"), expected, seen, found);
            }
        }
        (Value::Array(patterns), Value::String(_)) => {
            patterns.iter().for_each(|pattern| compare(path, pattern, seen, found));
        }
        (Value::String(pattern), seen) if fits(pattern, seen) => {}
        _ if expected == seen => {}
        _ => found.push(format!("{path}: expected {expected}, saw {seen}")),
    }
}

fn fits(pattern: &str, seen: &Value) -> bool {
    if let Some(other) = pattern.strip_prefix('!') {
        return !fits(other, seen);
    }
    match (pattern.strip_prefix('*'), seen) {
        (Some(""), seen) => !seen.is_null(),
        (Some(rest), Value::String(seen)) => {
            rest.strip_suffix('*').is_some_and(|part| seen.contains(part))
        }
        (None, Value::String(seen)) => pattern == seen,
        (None | Some(_), _) => false,
    }
}

#[cfg(test)]
mod tests {
    //! What resembles what.
    use serde_json::json;

    use super::differences;

    #[test]
    fn more_is_fine_and_less_is_not() {
        let seen = json!({"a": 1, "b": {"c": "spent out", "d": [1, 2]}});
        for expected in [
            json!({}),
            json!({"b": {"c": "*out*"}}),
            json!({"a": "*", "z": null}),
            json!({"b": {"c": ["*out*", "!*left*"]}}),
        ] {
            assert_eq!(differences(&expected, &seen), Vec::<String>::new(), "{expected}");
        }
        for expected in [
            json!({"a": 2}),
            json!({"b": {"d": [1]}}),
            json!({"z": "*"}),
            json!([1]),
            json!({"b": {"c": ["*out*", "!*spent*"]}}),
        ] {
            assert_eq!(differences(&expected, &seen).len(), 1, "{expected}");
        }
    }
}
