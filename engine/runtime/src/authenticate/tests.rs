//! Who may do without a key.

use http::{HeaderMap, HeaderValue, Request};

use super::{is_from_a_page, is_local, names_this_machine};

#[test]
fn a_page_in_a_browser_does_not_get_the_default_key() {
    for (name, value, expected) in [
        ("origin", "https://evil.example", true),
        ("origin", "null", true),
        ("sec-fetch-site", "cross-site", true),
        ("user-agent", "OpenAI/Python 2.1.0", false),
    ] {
        let mut headers = HeaderMap::new();
        headers.insert(name, HeaderValue::from_static(value));
        assert_eq!(is_from_a_page(&headers), expected, "{name}: {value}");
    }
}

#[test]
fn this_machine_is_asked_for_by_its_own_names_alone() {
    for (uri, host, expected) in [
        ("/v1/models", "localhost", true),
        ("/v1/models", "LocalHost:8700", true),
        ("/v1/models", "127.0.0.1:8700", true),
        ("/v1/models", "127.8.8.8", true),
        ("/v1/models", "[::1]:8700", true),
        ("/v1/models", "evil.example:8700", false),
        ("/v1/models", "localhost.evil.example", false),
        ("/v1/models", "127.0.0.1.evil.example", false),
        ("/v1/models", "evil@localhost", false),
        ("/v1/models", "0.0.0.0:8700", false),
        ("/v1/models", "192.168.1.4", false),
        ("/v1/models", "", false),
        ("http://evil.example/v1/models", "localhost", false),
        ("http://localhost/v1/models", "localhost", true),
    ] {
        let request = Request::get(uri).header("host", host).body(()).expect(host);
        let (head, ()) = request.into_parts();
        assert_eq!(names_this_machine(&head), expected, "{uri} {host}");
    }
    let (head, ()) = Request::get("/v1/models").body(()).expect("a request").into_parts();
    assert!(!names_this_machine(&head), "it says nothing of whom it asks");
}

#[test]
fn a_call_is_local_where_both_ends_are() {
    for (listening, peer, expected) in [
        ("127.0.0.1", "127.0.0.1", true),
        ("::1", "::1", true),
        ("127.0.0.1", "::ffff:127.0.0.1", true),
        ("0.0.0.0", "127.0.0.1", false),
        ("::", "::1", false),
        ("192.168.1.4", "127.0.0.1", false),
        ("127.0.0.1", "192.168.1.5", false),
    ] {
        let [here, there] = [listening, peer].map(|text| text.parse().expect(text));
        assert_eq!(is_local(here, there), expected, "{listening} {peer}");
    }
}
