//! Runs the conformance cases of CEL through the compile path that rules take, guards and all, and
//! prints how many pass. A tool for developers: `cargo run -p reins-cel --example conformance --
//! FILE…`, each file with one case a line, as in `tests/cases.jsonl`.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::process::ExitCode;

use cel_core::{MapKey, Value as Inner};
use reins_cel::limits::Guard;
use reins_cel::{
    Bindings, Expected, Name, Objection, Program, Reader, Slot, Type, Value, Vocabulary,
};
use serde_json::Value as Json;

/// What a case's expression may name, and what it stands for.
struct Given {
    names: Vec<Name>,
    values: Vec<Inner>,
}

/// How a case went.
enum Outcome {
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
            Slot::Name(index) => self.values[index].clone().into(),
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
        "int" => Inner::Int(text().parse().expect("an int")),
        "uint" => Inner::UInt(text().parse().expect("a uint")),
        "double" => Inner::Double(text().parse().expect("a double")),
        "str" => Inner::from(text()),
        "bytes" => {
            let byte = |byte: &Json| u8::try_from(byte.as_u64().unwrap_or(0)).expect("a byte");
            Inner::from(list().map(byte).collect::<Vec<u8>>())
        }
        "list" => Inner::from(list().map(value).collect::<Vec<_>>()),
        "map" => Inner::map(list().map(|entry| {
            let key = MapKey::from_value(&value(&entry[0])).expect("a key");
            (key, value(&entry[1]))
        })),
        "type" => Inner::new_type(text()),
        "dur" => {
            let nanos = i32::try_from(json["v"][1].as_i64().unwrap_or(0)).expect("nanoseconds");
            Inner::duration(json["v"][0].as_i64().unwrap_or(0), nanos)
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

fn run(case: &Json) -> Outcome {
    let mut given = Given::of(case);
    let text = |field: &str| case[field].as_str().unwrap_or_default();
    let wants_error = case["exp"]["t"] == "error";
    let compiled = Program::compile(text("expr"), &mut given, text("container"), Expected::Any);
    let program = match compiled {
        Ok(program) => program,
        Err(_) if wants_error => return Outcome::Passed,
        Err(defects) => {
            let guard = defects.iter().find_map(reins_cel::Defect::guard);
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
            one.to_bits() == other.to_bits() || one == other || (one.is_nan() && other.is_nan())
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

fn main() -> ExitCode {
    let verbose = std::env::args().any(|word| word == "--failed");
    let files: Vec<String> = std::env::args().skip(1).filter(|w| !w.starts_with("--")).collect();
    let (mut passed, mut total, mut failed) = (0_u32, 0_u32, 0_u32);
    let mut refused: BTreeMap<Guard, Vec<String>> = BTreeMap::new();
    let mut report = String::new();
    for file in &files {
        let Ok(text) = std::fs::read_to_string(file) else {
            eprintln!("{file}: cannot be read");
            return ExitCode::FAILURE;
        };
        let cases = text.lines().filter_map(|line| serde_json::from_str::<Json>(line).ok());
        for case in cases.filter(|case| case.get("exp").is_some()) {
            total += 1;
            let part = |field: &str| case[field].as_str().unwrap_or_default().to_owned();
            let name = format!("{}/{}/{}", part("file"), part("section"), part("name"));
            match run(&case) {
                Outcome::Passed => passed += 1,
                Outcome::Refused(guard) => refused.entry(guard).or_default().push(name),
                Outcome::Failed(why) => {
                    failed += 1;
                    let _ = writeln!(report, "failed: {name}: {}: {why}", part("expr"));
                }
            }
        }
    }
    if verbose {
        print!("{report}");
    }
    for (guard, names) in &refused {
        names.iter().for_each(|name| println!("refused by the bound on {}: {name}", guard.word()));
    }
    let refusals: usize = refused.values().map(Vec::len).sum();
    println!("{passed} of {total} passed, {refusals} refused by a bound, {failed} failed");
    ExitCode::SUCCESS
}
