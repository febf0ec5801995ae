//! Declared dialects: the examples hold, and an edit that leaves one as it was changes nothing.

use reins_governor::{Call, Endpoint};

use super::serve;
use crate::{Connection, SharedFamily};

const COHERE: &str = include_str!("../../dialects/cohere.toml");
const OLLAMA: &str = include_str!("../../dialects/ollama.toml");

fn connection(text: &str) -> Connection {
    let read = serve(text).unwrap_or_else(|report| panic!("{report}"));
    let [connection] = read.first.organization.connections.try_into().expect("one");
    connection
}

fn family(text: &str) -> SharedFamily {
    connection(text).family
}

#[test]
fn each_example_is_a_file_of_its_own_without_a_warning() {
    let cohere = COHERE.replace("CO_API_KEY", "OPENAI_API_KEY");
    for (text, name, url, private) in [
        (&*cohere, "cohere", "https://api.cohere.com/", false),
        (OLLAMA, "ollama", "http://localhost:11434/", true),
    ] {
        let read = serve(text).unwrap_or_else(|report| panic!("{report}"));
        assert_eq!(read.first.report.warnings, [], "{name}");
        let connection = connection(text);
        let found = (connection.family.name(), connection.base_url.to_string());
        assert_eq!(found, (name, url.to_owned()));
        assert_eq!(connection.allow_private, private, "{name}");
    }
}

#[test]
fn the_stories_are_told_with_the_examples() {
    for (example, story) in [
        (COHERE, include_str!("../../../../tests/scenarios/cohere.md")),
        (OLLAMA, include_str!("../../../../tests/scenarios/ollama.md")),
    ] {
        let (_, dialect) = example.split_once("[[dialect]]").expect("a dialect");
        let (dialect, _) = dialect.split_once("\n[[price]]").expect("a price");
        assert!(story.contains(dialect.trim_end()), "{story}");
    }
}

#[test]
fn the_prices_of_an_example_bound_its_models() {
    let prices = serve(&COHERE.replace("CO_API_KEY", "OPENAI_API_KEY")).expect("a file");
    let call = Call::new("cohere", "command-a-03-2025", Endpoint::ChatCompletions);
    let bound = prices.first.snapshot.prices.bound(&call).expect("a bound");
    // 1,024 tokens of framing at $2.50 a million, and 8,000 of output at $10.
    assert_eq!(bound.total.to_string(), "0.08256");
}

#[test]
fn a_declared_family_is_the_same_as_long_as_it_says_the_same() {
    let first = family(OLLAMA);
    assert_eq!(first, family(&format!("{OLLAMA}\n# a remark\n")));
    for (from, to) in [
        ("http://localhost:11434", "http://localhost:11435"),
        ("key_header = \"none\"", "key_header = \"x-key: {key}\""),
        ("/options/num_predict", "/options/max"),
        ("    \"/messages/*/tool_name\",\n", ""),
        ("[\"/messages/*/images/*\"]", "[\"/messages/*/pictures/*\"]"),
        ("api/chat\"", "api/talk\""),
        ("error      = \"/error\"", "error      = \"/fault\""),
        ("default = true", "default = false"),
    ] {
        let changed = OLLAMA.replace(from, to);
        assert_ne!(changed, OLLAMA, "{from}");
        assert_ne!(first, family(&changed), "{from}");
    }
    let openai = || family("[[connection]]\nvendor = \"openai\"\n");
    assert_eq!(openai(), openai());
    assert_ne!(openai(), first);
}

/// Every rule that a sample can show is checked by it: usage read from elsewhere, or not at all.
#[test]
fn a_rule_that_does_not_fit_its_sample_is_found() {
    for (text, from, to) in [
        (COHERE, "{ input = \"/usage/billed_units/", "{ input = \"/usage/tokens/"),
        (COHERE, "input = \"/delta/usage/billed_units/", "input = \"/delta/usage/tokens/"),
        (COHERE, "is = \"message-end\"", "is = \"stream-end\""),
        (COHERE, "framing = \"sse\"", "framing = \"ndjson\""),
        (OLLAMA, "output = \"/eval_count\"", "output = \"/eval_duration\""),
        (OLLAMA, "output = 298", "output = 297"),
        (OLLAMA, "is = true", "is = false"),
    ] {
        let changed = text.replace("CO_API_KEY", "OPENAI_API_KEY").replacen(from, to, 1);
        let Err(report) = serve(&changed) else { panic!("{from}: nothing was found") };
        let at_sample = report.problems.iter().all(|found| found.path.contains(".sample["));
        assert!(at_sample, "{from}: {report}");
    }
}
