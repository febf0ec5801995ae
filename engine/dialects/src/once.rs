//! JSON in which no member of an object is named twice, however its names are written: what two
//! readers see alike.

use std::fmt;

use serde::de::{Error, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Number, Value};

/// A value, each of whose members is named once.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Once(pub(crate) Value);

struct OnceVisitor;

// === impl Once ===

impl<'de> Deserialize<'de> for Once {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(OnceVisitor).map(Self)
    }
}

impl<'de> Visitor<'de> for OnceVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON that names each member once")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Number::from_f64(value).map_or(Value::Null, Value::Number))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let mut values = Vec::new();
        while let Some(Once(value)) = seq.next_element()? {
            values.push(value);
        }
        Ok(values.into())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut members = Map::new();
        while let Some((name, Once(value))) = map.next_entry::<String, Once>()? {
            if members.insert(name, value).is_some() {
                return Err(A::Error::custom("a member is named twice"));
            }
        }
        Ok(members.into())
    }
}

#[cfg(test)]
mod tests {
    //! What is there once and what is not.
    use serde_json::Value;

    use super::Once;

    #[test]
    fn what_names_each_member_once_is_read_as_it_is() {
        for text in [
            "null",
            r#"[1,-2,0.5,true,"a\n",null,{}]"#,
            r#"{"a":{"b":1},"b":{"b":2},"A":[{"a":1},{"a":2}]}"#,
            "18446744073709551616",
        ] {
            let plain: Value = serde_json::from_str(text).expect(text);
            assert_eq!(serde_json::from_str::<Once>(text).expect(text).0, plain);
        }
    }

    #[test]
    fn a_member_that_is_named_twice_is_refused_at_any_depth() {
        for text in [
            r#"{"a":1,"a":1}"#,
            r#"{"a":1,"b":2,"\u0061":3}"#,
            r#"{"a":{"b":1,"b":null}}"#,
            r#"[{"a":[{"b":1,"b":2}]}]"#,
        ] {
            assert!(serde_json::from_str::<Once>(text).is_err(), "{text}");
        }
    }
}
