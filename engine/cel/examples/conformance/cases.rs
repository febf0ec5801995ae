//! One conformance case: compiled as a rule is, run, and compared with what is expected.

use std::cmp::Ordering;

use cel_core::{MapKey, Value as Inner};
use reins_cel::limits::Guard;
use reins_cel::{
    Bindings, Defect, Expected, Name, Objection, Program, Reader, Slot, Type, Value, Vocabulary,
};
use serde_json::Value as Json;

/// What a case's expression may name, and what it stands for.
struct Given {
    names: Vec<Name>,
    values: Vec<Inner>,
}

/// How a case went.
pub(crate) enum Outcome {
    Passed,
    Refused(Guard),
    Failed(String),
}

impl Vocabulary for Given {
    fn names(&self) -> &[Name] {
        &self.names
    }

    fn readers(&self) -> &[Reader] {
        &[]
    }

    fn read(&mut self, _: usize, _: &[&str]) -> Result<usize, Objection> {
        Ok(0)
    }
}

impl Bindings for Given {
    fn value(&self, slot: Slot) -> Value {
        match slot {
            Slot::Name(index) => self.values.get(index).cloned().unwrap_or(Inner::Null).into(),
            Slot::Has(_) | Slot::Read(_) => true.into(),
        }
    }
}

impl Given {
    fn of(case: &Json) -> Self {
        let mut given = Self { names: Vec::new(), values: Vec::new() };
        for kind in ["google.protobuf.Timestamp", "google.protobuf.Duration"] {
            given.add(kind, Type::Kind, Inner::new_type(kind));
        }
        for bound in case["bind"].as_array().into_iter().flatten() {
            let value = value(&bound[1]);
            given.add(bound[0].as_str().unwrap_or_default(), kind(&value), value);
        }
        given
    }

    fn add(&mut self, path: &str, kind: Type, value: Inner) {
        self.names.push(Name { path: path.to_owned(), kind, optional: false });
        self.values.push(value);
    }
}

/// A value as the cases write it.
fn value(json: &Json) -> Inner {
    let text = || json["v"].as_str().unwrap_or_default();
    let list = || json["v"].as_array().into_iter().flatten();
    match json["t"].as_str().unwrap_or_default() {
        "bool" => Inner::Bool(json["v"] == true),
        "int" => Inner::Int(text().parse().unwrap_or(0)),
        "uint" => Inner::UInt(text().parse().unwrap_or(0)),
        "double" => Inner::Double(text().parse().unwrap_or(0.0)),
        "str" => Inner::from(text()),
        "bytes" => {
            let byte = |byte: &Json| byte.as_u64().and_then(|byte| u8::try_from(byte).ok());
            Inner::from(list().filter_map(byte).collect::<Vec<u8>>())
        }
        "list" => Inner::from(list().map(value).collect::<Vec<_>>()),
        "map" => Inner::map(
            list().filter_map(|e| Some((MapKey::from_value(&value(&e[0]))?, value(&e[1])))),
        ),
        "type" => Inner::new_type(text()),
        "dur" => {
            let nanos = json
                .pointer("/v/1")
                .and_then(Json::as_i64)
                .and_then(|nanos| i32::try_from(nanos).ok())
                .unwrap_or(0);
            Inner::duration(json.pointer("/v/0").and_then(Json::as_i64).unwrap_or(0), nanos)
        }
        _ => Inner::Null,
    }
}

fn kind(value: &Inner) -> Type {
    let any = || Box::new(Type::Dyn);
    match value {
        Inner::Bool(_) => Type::Bool,
        Inner::Int(_) => Type::Int,
        Inner::UInt(_) => Type::Uint,
        Inner::Double(_) => Type::Double,
        Inner::String(_) => Type::String,
        Inner::Bytes(_) => Type::Bytes,
        Inner::Null => Type::Null,
        Inner::List(_) => Type::List(any()),
        Inner::Map(_) => Type::Map(any(), any()),
        _ => Type::Dyn,
    }
}

pub(crate) fn run(case: &Json) -> Outcome {
    let mut given = Given::of(case);
    let text = |field: &str| case[field].as_str().unwrap_or_default();
    let wants_error = case.pointer("/exp/t").is_some_and(|kind| kind == "error");
    let compiled = Program::compile(text("expr"), &mut given, text("container"), Expected::Any);
    let program = match compiled {
        Ok(program) => program,
        Err(_) if wants_error => return Outcome::Passed,
        Err(defects) => {
            let guard = defects.iter().find_map(Defect::guard);
            let said: Vec<String> = defects.iter().map(ToString::to_string).collect();
            return guard.map_or(Outcome::Failed(said.join("; ")), Outcome::Refused);
        }
    };
    if case["check_only"] == true {
        return Outcome::Passed;
    }
    match program.run(&given) {
        Err(_) if wants_error => Outcome::Passed,
        Err(failure) => {
            failure.guard().map_or(Outcome::Failed(failure.to_string()), Outcome::Refused)
        }
        Ok(found) => compare(&Inner::from(found), &case["exp"], wants_error),
    }
}

fn compare(found: &Inner, expected: &Json, wants_error: bool) -> Outcome {
    if wants_error {
        return Outcome::Failed(format!("{found:?} where an error is expected"));
    }
    let wanted = value(expected);
    let same = expected["t"] == "any" || alike(found, &wanted);
    if same { Outcome::Passed } else { Outcome::Failed(format!("{found:?}, expected {wanted:?}")) }
}

/// Equality of kinds and values: `1` is not `1u`, and not-a-number is itself.
fn alike(one: &Inner, other: &Inner) -> bool {
    match (one, other) {
        (Inner::Double(one), Inner::Double(other)) => {
            one.partial_cmp(other) == Some(Ordering::Equal) || (one.is_nan() && other.is_nan())
        }
        (Inner::List(one), Inner::List(other)) => {
            one.len() == other.len() && one.iter().zip(other.iter()).all(|(a, b)| alike(a, b))
        }
        (Inner::Map(one), Inner::Map(other)) => {
            one.len() == other.len()
                && one.iter().zip(other.iter()).all(|(a, b)| a.0 == b.0 && alike(a.1, b.1))
        }
        _ => std::mem::discriminant(one) == std::mem::discriminant(other) && one == other,
    }
}
