//! Values read in place, against a parser that builds them.

use proptest::prelude::*;
use serde_json::Value;

use super::{DEPTH_MAX, Fields, Scan, Scanned};

fn pass(text: &str) -> Scanned<u64> {
    let mut scan = Scan::new(text.as_bytes())?;
    let passed = scan.pass()?;
    scan.end()?;
    Ok(passed.text_bytes)
}

#[test]
fn a_string_is_as_long_as_what_it_says() {
    for written in [
        r#""""#,
        r#""plain""#,
        r#""\" \\ \/ \b \f \n \r \t""#,
        r#""\u0041 \u00e9 \u6f22 \ud83e\udd80""#,
        r#""\u0000\u007f\u0080\u07ff\u0800\uffff""#,
        r#""Grüße 漢字 🦀""#,
    ] {
        let said: String = serde_json::from_str(written).expect(written);
        assert_eq!(pass(written).expect(written), said.len() as u64, "{written}");
    }
}

#[test]
fn half_a_character_is_as_long_as_its_replacement() {
    for written in [r#""\ud800""#, r#""\udc00""#, r#""\ud800x""#] {
        let rest = written.matches('x').count() as u64;
        assert_eq!(pass(written).expect(written), 3 + rest, "{written}");
    }
    assert_eq!(pass(r#""\ud800\u0041""#).expect("a pair that is none"), 4);
    assert_eq!(pass(r#""\ud800\ud83e\udd80""#).expect("half and whole"), 7);
}

#[test]
fn an_object_is_as_long_as_it_is_written_escapes_and_space_aside() {
    assert_eq!(pass(r#"{"a":[1,"\n"]}"#).expect("an object"), 13);
    assert_eq!(pass(" { \"a\" :\n[ 1 ,\t\" \" ] } ").expect("an object"), 13);
}

#[test]
fn what_is_not_json_is_refused_where_it_is_wrong() {
    for (text, at) in [
        ("", 0),
        ("nul", 0),
        ("NaN", 0),
        ("Infinity", 0),
        ("+1", 0),
        ("01", 1),
        ("1.", 2),
        (".5", 0),
        ("1e", 2),
        ("-", 1),
        ("1x", 1),
        ("0x10", 1),
        ("truer", 4),
        ("'a'", 0),
        ("\"a", 2),
        ("\"a\nb\"", 2),
        ("\"nine letters\u{1f}\"", 13),
        (r#""\x""#, 2),
        (r#""\u12""#, 3),
        (r#""\u+123""#, 3),
        ("[1 2]", 3),
        ("[1,]", 3),
        ("[1", 2),
        ("[1}", 2),
        (r#"{"a" 1}"#, 5),
        (r#"{"a":1,}"#, 7),
        (r#"{a:1}"#, 1),
        ("// no\n1", 0),
        ("1 1", 2),
    ] {
        let said = format!("{:?}", pass(text).expect_err(text));
        assert!(said.contains(&format!("at byte {at}:")), "`{text}`: {said}");
    }
}

#[test]
fn nesting_ends_at_its_limit() {
    let depth = usize::try_from(DEPTH_MAX).expect("small");
    let nested = |depth: usize| "[".repeat(depth) + &"]".repeat(depth);
    assert!(pass(&nested(depth)).is_ok());
    let said = format!("{:?}", pass(&nested(depth + 1)).expect_err("too deep"));
    assert!(said.contains("more than 128 deep"), "{said}");
    let objects = r#"{"a":"#.repeat(depth + 1);
    assert!(pass(&objects).is_err());
    assert!(pass(&"[".repeat(1_000_000)).is_err());
}

#[test]
fn a_name_is_a_field_however_it_is_escaped() {
    const FIELDS: Fields = Fields { within: "", names: &["model", "n"] };
    let mut names = Vec::new();
    let mut scan =
        Scan::new(br#" {"mod\u0065l":1,"x":2,"\u006e":3,"":4,"\ud800":5}"#).expect("UTF-8");
    let open = scan
        .object(&FIELDS, |scan, name| {
            names.push(name);
            scan.pass().map(drop)
        })
        .expect("an object");
    assert_eq!((open, names), (2, vec!["model", "", "n", "", ""]));
}

/// Any JSON value, as text with some freedom of space and escapes.
fn json() -> impl Strategy<Value = String> {
    let number = prop_oneof![
        any::<i64>().prop_map(|n| n.to_string()),
        any::<f64>().prop_filter("finite", |n| n.is_finite()).prop_map(|n| format!("{n:e}")),
    ];
    let text = any::<String>().prop_map(|text| Value::from(text).to_string());
    let escaped = any::<String>().prop_map(|text| {
        let units = text.encode_utf16().map(|unit| format!("\\u{unit:04X}"));
        format!("\"{}\"", units.collect::<String>())
    });
    let string = prop_oneof![text, escaped];
    let leaf = prop_oneof![
        Just("null".to_owned()),
        Just("true".to_owned()),
        Just(" false\n".to_owned()),
        number,
        string.clone(),
    ];
    leaf.prop_recursive(6, 40, 6, move |inner| {
        let member =
            (string.clone(), inner.clone()).prop_map(|(name, value)| format!("{name} :{value}"));
        prop_oneof![
            prop::collection::vec(inner, 0..6).prop_map(|all| format!("[{}]", all.join(" ,"))),
            prop::collection::vec(member, 0..6).prop_map(|all| format!("{{{}}}", all.join(",\t"))),
        ]
    })
}

proptest! {
    #[test]
    fn what_is_json_is_read(text in json()) {
        prop_assert!(serde_json::from_str::<Value>(&text).is_ok(), "{text}");
        prop_assert!(pass(&text).is_ok(), "{text}");
    }

    /// A byte that is changed somewhere makes both object or neither, but for half characters and
    /// numbers beyond a float, which are JSON all the same.
    #[test]
    fn what_is_not_json_is_not_read(
        text in json(),
        at in any::<prop::sample::Index>(),
        byte in 0x20_u8..0x7f,
    ) {
        let mut bytes = text.into_bytes();
        let at = at.index(bytes.len());
        bytes[at] = byte;
        let ours = Scan::new(&bytes).and_then(|mut scan| scan.pass().and_then(|_| scan.end()));
        match serde_json::from_slice::<Value>(&bytes) {
            Ok(_) => prop_assert!(ours.is_ok(), "{}", String::from_utf8_lossy(&bytes)),
            Err(error) => {
                let lenient = ["surrogate", "out of range", "unexpected end of hex"];
                let lenient = lenient.iter().any(|word| error.to_string().contains(word));
                let text = String::from_utf8_lossy(&bytes);
                prop_assert!(ours.is_err() || lenient, "{error}: {text}");
            }
        }
    }

    #[test]
    fn no_bytes_stop_it(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let ours = Scan::new(&bytes).and_then(|mut scan| scan.pass().and_then(|_| scan.end()));
        if serde_json::from_slice::<Value>(&bytes).is_ok() {
            prop_assert!(ours.is_ok());
        }
    }
}
