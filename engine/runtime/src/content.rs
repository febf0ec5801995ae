//! What a request says of its body: JSON in UTF-8, not compressed, and said once.
//!
//! Whatever else it says would have a vendor decode the same bytes into another request than the
//! one that was judged.

use http::{HeaderMap, HeaderValue, header};
use mime::Mime;
use reins_governor::Refusal;

/// What every body that leaves is called.
pub(crate) const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// The names of UTF-8, in small letters: its own, and the one that many libraries write.
const UTF_8: [&str; 2] = ["utf-8", "utf8"];

const MEND: &str =
    "send `content-type: application/json` (curl: `-H 'content-type: application/json'`)";

/// Refuses a body that is called anything but plain JSON. One that is called nothing is read as
/// that: HTTP libraries that are given bytes alone name no type.
pub fn check(headers: &HeaderMap) -> Result<(), Refusal> {
    check_encoding(headers)?;
    let mut types = headers.get_all(header::CONTENT_TYPE).iter();
    match (types.next(), types.next()) {
        (None, _) => Ok(()),
        (Some(only), None) => check_type(only),
        (Some(_), Some(_)) => Err(bad(format!("`content-type` is there twice: {MEND}"))),
    }
}

fn check_encoding(headers: &HeaderMap) -> Result<(), Refusal> {
    for encoding in headers.get_all(header::CONTENT_ENCODING) {
        if !encoding.as_bytes().eq_ignore_ascii_case(b"identity") {
            let what = "the body is compressed, and is not read so: send it plain, without \
                        `content-encoding`";
            return Err(bad(what.to_owned()));
        }
    }
    Ok(())
}

fn check_type(value: &HeaderValue) -> Result<(), Refusal> {
    let read = value.to_str().ok().and_then(|text| text.parse::<Mime>().ok());
    let Some(mime) = read else {
        return Err(bad(format!("`content-type` cannot be read: {MEND}")));
    };
    if mime.essence_str() != "application/json" {
        let is = mime.essence_str();
        return Err(bad(format!("`content-type` is `{is}`, and only JSON is read: {MEND}")));
    }
    let mut charset = false;
    for (name, value) in mime.params() {
        let utf_8 = UTF_8.iter().any(|known| value.as_str().eq_ignore_ascii_case(known));
        if name.as_str() != "charset" || std::mem::replace(&mut charset, true) {
            return Err(bad(format!("`content-type` says `{name}` of JSON: {MEND}")));
        }
        if !utf_8 {
            return Err(bad(format!("the charset is `{value}`, and only UTF-8 is read: {MEND}")));
        }
    }
    Ok(())
}

fn bad(what: String) -> Refusal {
    Refusal::BadRequest { what }
}

#[cfg(test)]
mod tests {
    //! What a body may be called.
    use http::{HeaderMap, HeaderName, HeaderValue};

    use super::check;

    const TYPE: &str = "content-type";
    const ENCODING: &str = "content-encoding";

    fn said(headers: &[(&'static str, &str)]) -> Result<(), String> {
        let pairs = headers.iter().map(|(name, value)| {
            let value = HeaderValue::from_bytes(value.as_bytes()).expect(value);
            (HeaderName::from_static(name), value)
        });
        check(&pairs.collect::<HeaderMap>()).map_err(|refusal| refusal.to_string())
    }

    #[test]
    fn plain_json_may_be_called_so_in_any_way() {
        for kind in [
            "application/json",
            "Application/JSON",
            "application/json;",
            "application/json; charset=utf-8",
            "application/json;charset=UTF-8",
            "application/json; charset=\"utf-8\"",
            "application/json; Charset=\"Utf-8\";",
            "application/json; charset=utf8",
        ] {
            assert_eq!(said(&[(TYPE, kind)]), Ok(()), "{kind}");
            assert_eq!(said(&[(TYPE, kind), (ENCODING, "Identity")]), Ok(()), "{kind}");
        }
        assert_eq!(said(&[]), Ok(()));
    }

    #[test]
    fn whatever_would_be_decoded_otherwise_is_refused() {
        for (kind, word) in [
            ("application/x-www-form-urlencoded", "curl"),
            ("multipart/form-data; boundary=x", "`multipart/form-data`"),
            ("text/plain", "only JSON"),
            ("text/json", "only JSON"),
            ("application/yaml", "only JSON"),
            ("application/jsonl", "only JSON"),
            ("application/json-patch+json", "only JSON"),
            ("application/vnd.api+json", "only JSON"),
            ("*/*", "only JSON"),
            ("application/json; charset=utf-7", "the charset is `utf-7`"),
            ("application/json; charset=\"UTF-16LE\"", "the charset is `utf-16le`"),
            ("application/json; charset=utf-8; charset=utf-7", "says `charset`"),
            ("application/json; charset=utf-7; charset=utf-8", "the charset is `utf-7`"),
            ("application/json; charset=utf-8; charset=utf-8", "says `charset`"),
            ("application/json; charset=us-ascii", "only UTF-8"),
            ("application/json; charset=\"utf\\-8\"", "only UTF-8"),
            ("application/json; charset=", "only UTF-8"),
            ("application/json; boundary=x", "says `boundary`"),
            ("application/json; version=1; charset=utf-8", "says `version`"),
            ("application/json, application/json", "cannot be read"),
            ("application/json, text/plain", "cannot be read"),
            ("application/json; charset", "cannot be read"),
            ("application/json; charset=\"utf-8", "cannot be read"),
            ("application", "cannot be read"),
            ("", "cannot be read"),
            ("application/j\u{17f}on", "cannot be read"),
        ] {
            let refused = said(&[(TYPE, kind)]).expect_err(kind);
            assert!(refused.contains(word) && refused.contains("application/json"), "{refused}");
        }
        for other in ["application/json", "text/plain"] {
            let refused = said(&[(TYPE, "application/json"), (TYPE, other)]).expect_err(other);
            assert!(refused.contains("twice"), "{refused}");
        }
    }

    #[test]
    fn whatever_is_compressed_is_refused() {
        for encodings in [
            &["gzip"][..],
            &["identity", "gzip"],
            &["gzip", "identity"],
            &["identity, gzip"],
            &["identity, identity"],
            &["x"],
            &[""],
        ] {
            let headers: Vec<_> = encodings.iter().map(|value| (ENCODING, *value)).collect();
            let refused = said(&headers).expect_err("it is compressed");
            assert!(refused.contains("compressed"), "{refused}");
        }
        assert_eq!(said(&[(ENCODING, "identity"), (ENCODING, "identity")]), Ok(()));
    }
}
