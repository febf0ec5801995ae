//! Which calls may go to a cheaper model.

use reins_governor::{Call, Endpoint};

use super::serve;

const TWO: &str = r#"
[[connection]]
name = "east"
vendor = "openai"
models = ["gpt-4o"]

[[connection]]
name = "west"
vendor = "openai"
models = ["gpt-4.1*", "gpt-999"]
"#;

fn call(connection: &str, model: &str) -> Call {
    let connection = connection.into();
    Call { connection, ..Call::new("openai", model, Endpoint::ChatCompletions) }
}

#[test]
fn a_cheaper_model_is_one_that_the_calls_own_connection_sells_at_a_price() {
    let snapshot = serve(TWO).expect("it can be used").first.snapshot;
    for (connection, asked, cheaper, expected) in [
        ("west", "gpt-4.1", "gpt-4.1-nano", true),
        ("east", "gpt-4o", "gpt-4.1-nano", false),
        ("west", "gpt-4.1", "gpt-999", false),
        // Whoever names a connection gets there with any model, and stays under the rules.
        ("east", "gpt-4.1", "gpt-4.1-nano", true),
        ("east", "gpt-4.1", "gpt-999", false),
    ] {
        let sold = snapshot.prices.sells(&call(connection, asked), cheaper);
        assert_eq!(sold, expected, "{asked} to {cheaper} on {connection}");
    }
}

#[test]
fn what_an_override_says_of_models_goes_before_what_its_rule_says() {
    let rule = r#"
[[policy]]
name = "p"
scope = { models = ["gpt-4o"] }
[[policy.rule]]
name = "r"
when = { models = ["gpt-4.1"] }
action = { downgrade = "gpt-4.1-nano" }
overrides = [{ agents = ["a"], models = ["gpt-4o"], action = { downgrade = "gpt-4o" } }]
"#;
    serve(&format!("{TWO}{rule}")).expect("it can be used");
}
