//! Whatever is written: it is refused when it is compiled, or it runs within its bounds. Nothing
//! overflows a stack of a quarter of what a thread of the server has.

#![cfg(test)]

use std::sync::LazyLock;
use std::thread;
use std::time::{Duration, Instant};

use proptest::prelude::*;
use reins_cel::limits::{DEPTH_MAX, Guard, NESTING_MAX};
use reins_cel::{
    Bindings, Defect, Expected, Failure, Name, Objection, Program, Reader, Slot, Type, Value,
    Vocabulary,
};

/// A quarter of the 2 MiB that a thread of the server has.
const STACK_BYTES: usize = 512 * 1024;

/// What 20,000 steps may take on a machine that does other work meanwhile: 1.5 ms were seen.
const TIME_MAX: Duration = Duration::from_millis(500);

struct Given(Vec<Name>, Vec<Reader>);

impl Given {
    fn new() -> Self {
        let name = |(path, kind): (&str, Type)| Name { path: path.into(), kind, optional: false };
        let names = [
            ("call.model", Type::String),
            ("n", Type::Int),
            ("cost", Type::Money),
            ("roles", Type::List(Box::new(Type::String))),
            ("metadata", Type::Map(Box::new(Type::String), Box::new(Type::Dyn))),
        ];
        let reader = Reader {
            path: "spend.day".into(),
            kind: Type::Money,
            arguments: 1,
            example: "spend.day('agent')".into(),
        };
        Self(names.map(name).into(), vec![reader])
    }
}

/// A text of 3,000 bytes and a list of 900, made once.
fn metadata() -> &'static Value {
    static MADE: LazyLock<Value> = LazyLock::new(|| {
        let list: Vec<u32> = (0..900).collect();
        Value::json(&serde_json::json!({ "a": "x".repeat(3000), "list": list }))
    });
    &MADE
}

impl Vocabulary for Given {
    fn names(&self) -> &[Name] {
        &self.0
    }

    fn readers(&self) -> &[Reader] {
        &self.1
    }

    fn read(&mut self, _: usize, _: &[&str]) -> Result<usize, Objection> {
        Ok(0)
    }
}

impl Bindings for Given {
    fn value(&self, slot: Slot) -> Value {
        match slot {
            Slot::Name(0) => "gpt-4o".into(),
            Slot::Name(3) => Value::texts((0..20).map(|i| format!("role-{i}").into())),
            Slot::Name(4) => metadata().clone(),
            Slot::Name(_) | Slot::Read(_) => 3_i64.into(),
            Slot::Has(_) => true.into(),
        }
    }
}

fn compile(source: &str) -> Result<Program, Vec<Defect>> {
    Program::compile(source, &mut Given::new(), "", Expected::Any)
}

/// Compiles and runs on a small stack.
fn ends(source: &str) -> Result<Result<Value, Failure>, Vec<Defect>> {
    let source = source.to_owned();
    let run = move || {
        let program = compile(&source)?;
        let begun = Instant::now();
        let found = program.run(&Given::new());
        assert!(begun.elapsed() < TIME_MAX, "{:?}: {source}", begun.elapsed());
        Ok(found)
    };
    let thread = thread::Builder::new().stack_size(STACK_BYTES).spawn(run).expect("a thread");
    thread.join().expect("no panic")
}

fn guard(source: &str) -> Option<Guard> {
    match ends(source) {
        Ok(found) => found.err().and_then(|failure| failure.guard()),
        Err(defects) => defects.iter().find_map(Defect::guard),
    }
}

#[test]
fn the_deepest_trees_there_can_be_fit_the_stack() {
    let wide = DEPTH_MAX - 3;
    for (source, refused) in [
        (vec!["1"; 1_500].join("+"), true),
        (vec!["n"; wide].join("+"), false),
        (vec!["call.model == 'a'"; wide].join(" || "), false),
        (vec!["'a'"; wide].join("+"), false),
        (format!("{}n{}", "(".repeat(NESTING_MAX), ")".repeat(NESTING_MAX)), false),
        (format!("{}n{}", "[".repeat(NESTING_MAX), "]".repeat(NESTING_MAX)), false),
        (format!("{}n{}", "string(".repeat(NESTING_MAX), ")".repeat(NESTING_MAX)), false),
        (format!("{}true", "!".repeat(NESTING_MAX)), false),
        (format!("{}1", "true ? 1 : ".repeat(NESTING_MAX)), false),
        (format!("metadata{}", ".a".repeat(wide)), false),
        (format!("roles{}", ".map(r, r)".repeat(12)), false),
        (format!("roles{}", ".filter(r, r != '')".repeat(30)), false),
        (
            (0..NESTING_MAX).fold("n".into(), |inner, i| format!("cel.bind(v{i}, n, {inner})")),
            false,
        ),
        (format!("optional.of(n){}", ".optMap(y, y)".repeat(4)), false),
    ] {
        let compiled = ends(&source);
        let short = source.get(..60).unwrap_or(&source);
        assert_eq!(compiled.is_err(), refused, "{short}: {compiled:?}");
    }
}

#[test]
fn what_would_run_for_long_is_stopped() {
    let doubled = (0..30).fold("v0".into(), |inner: String, i| {
        format!(
            "cel.bind(v{i}, {0} + {0}, {inner})",
            if i == 29 { "'abc'".into() } else { format!("v{}", i + 1) }
        )
    });
    let shared = (0..30).fold("v0 == v0".into(), |inner: String, i| {
        format!(
            "cel.bind(v{i}, [{0}, {0}], {inner})",
            if i == 29 { "n".into() } else { format!("v{}", i + 1) }
        )
    });
    for source in [
        "metadata.list.all(a, metadata.list.all(b, a + b >= 0))",
        "metadata.list.map(a, metadata.list).map(b, b) == []",
        "metadata.list.exists(a, metadata.a.contains('y') || metadata.a.matches('(x+x+)+y'))",
        "metadata.a.replace('', metadata.a) == ''",
        "[metadata.a, metadata.a].join(metadata.a.replace('x', '1234567890')) == ''",
        "'%.100000000f'.format([1.5]) == ''",
        doubled.as_str(),
        shared.as_str(),
    ] {
        assert_eq!(guard(source), Some(Guard::Cost), "{source}: {:?}", ends(source));
    }
}

#[test]
fn an_error_that_a_bound_made_is_not_swallowed() {
    for source in [
        "metadata.list.all(a, metadata.list.all(b, a + b >= 0)) || true",
        "!(metadata.list.all(a, metadata.list.all(b, a + b >= 0)) && false)",
        "roles.exists(r, metadata.list.all(a, metadata.list.all(b, a + b >= 0)) || true)",
    ] {
        assert_eq!(guard(source), Some(Guard::Cost), "{source}");
    }
}

#[test]
fn what_is_known_only_at_run_time_can_be_reckoned_with() {
    for source in [
        "metadata.a + metadata.a != ''",
        "metadata.list[1] + metadata.list[2] * 2 == 5",
        "(metadata.a + metadata.a).size() == 6000",
        "[1, dyn(2)].map(x, x + 1)[1] == 3",
    ] {
        let found = ends(source).expect(source);
        assert!(format!("{found:?}").contains("Bool(true)"), "{source}: {found:?}");
    }
}

/// The checker takes each of these for a number; it is a text that doubles thirty times.
#[test]
fn a_kind_that_the_checker_gets_wrong_opens_no_bound() {
    for wrong in ["(n == 0 ? 1 : dyn({v}))", "[1, dyn({v})][1]", "{'a': 1, 'b': dyn({v})}.b"] {
        let source = (0..30).fold("v0 == 1".into(), |inner: String, i| {
            let before = if i == 29 { "'abc'".into() } else { format!("v{}", i + 1) };
            let wrong = wrong.replace("{v}", &before);
            format!("cel.bind(v{i}, {wrong} + {wrong}, {inner})")
        });
        assert_eq!(guard(&source), Some(Guard::Cost), "{source}: {:?}", ends(&source));
    }
}

#[test]
fn the_same_values_give_the_same_order() {
    let source = "{'b': 1, 'a': 2, 'd': 3, 'c': 4}.map(k, k)";
    let program = compile(source).expect(source);
    let shown = || format!("{:?}", program.run(&Given::new()).expect("a list"));
    let first = shown();
    assert!(first.find("\"a\"") < first.find("\"b\"") && first.find("\"c\"") < first.find("\"d\""));
    assert!((0..50).all(|_| shown() == first));
}

const LEAVES: &[&str] = &[
    "n",
    "1",
    "-1",
    "2.5",
    "3u",
    "'a'",
    "b'a'",
    "true",
    "null",
    "roles",
    "metadata",
    "metadata.list",
    "call.model",
    "cost",
    "spend.day('agent')",
    "5.00",
    "[]",
    "{}",
    "x",
    "y",
    "timestamp('2026-01-01T00:00:00Z')",
    "duration('9223372036s')",
    "9223372036854775807",
    "type(1)",
    "optional.none()",
];
const OPERATORS: &[&str] = &["+", "-", "*", "/", "%", "==", "!=", "<", ">=", "in", "&&", "||"];
const MACROS: &[&str] = &["all", "exists", "map", "filter", "exists_one"];
const METHODS: &[&str] = &[
    "size()",
    "contains('a')",
    "split('')",
    "join('ab')",
    "reverse()",
    "lowerAscii()",
    "getFullYear()",
    "getHours('Europe/Berlin')",
    "matches('a+')",
    "format([1, 'a'])",
    "replace('', 'aa')",
    "substring(1)",
    "charAt(0)",
    "value()",
    "hasValue()",
];
const FUNCTIONS: &[&str] = &[
    "size",
    "string",
    "int",
    "uint",
    "double",
    "bytes",
    "type",
    "dyn",
    "timestamp",
    "duration",
    "math.abs",
    "math.greatest",
    "base64.encode",
    "optional.of",
    "has",
];

/// Expressions of all shapes, most of them of sound types.
fn expression() -> impl Strategy<Value = String> {
    let one_of = prop::sample::select::<&str>;
    one_of(LEAVES).prop_map(str::to_owned).prop_recursive(6, 60, 4, move |inner| {
        let two = || (inner.clone(), inner.clone());
        prop_oneof![
            (two(), one_of(OPERATORS)).prop_map(|((a, b), o)| format!("({a} {o} {b})")),
            (two(), one_of(MACROS)).prop_map(|((a, b), m)| format!("{a}.{m}(x, {b})")),
            (inner.clone(), one_of(METHODS)).prop_map(|(a, m)| format!("{a}.{m}")),
            (inner.clone(), one_of(FUNCTIONS)).prop_map(|(a, f)| format!("{f}({a})")),
            (two(), inner.clone()).prop_map(|((a, b), c)| format!("({a} ? {b} : {c})")),
            two().prop_map(|(a, b)| format!("cel.bind(y, {a}, {b})")),
            two().prop_map(|(a, b)| format!("[{a}, {b}]")),
            two().prop_map(|(a, b)| format!("{{{a}: {b}}}")),
            two().prop_map(|(a, b)| format!("{a}[{b}]")),
            inner.clone().prop_map(|a| format!("{a}.a")),
        ]
    })
}

/// What CEL is written with.
const LETTERS: &str = "[-a-z0-9.,'\"()\\[\\]{}?:!&|=<>+* \\\\]{0,200}";

proptest! {
    #![proptest_config(ProptestConfig { cases: 4_000, ..ProptestConfig::default() })]

    #[test]
    fn every_expression_is_refused_or_ends_within_its_bounds(source in expression()) {
        let _ = ends(&source);
    }

    #[test]
    fn every_text_is_refused_or_ends_within_its_bounds(source in LETTERS) {
        let _ = ends(&source);
    }
}
