//! What declared endpoints read, write, meter and say.

mod answers;
mod requests;

use std::sync::Arc;

use reins_governor::{Endpoint, Refusal, Tokens};

use super::declaration::{
    Api, CapRule, Declaration, EndpointRules, KeyForm, LastEvent, LastValue, RequestRules,
    StreamFlag, StreamRules, UsageRules,
};
use super::{DeclarationError, Pointer, declare};
use crate::{Dialect, Framing};

pub(super) fn pointer(text: &str) -> Pointer {
    text.parse().unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn pointers(texts: &[&str]) -> Vec<Pointer> {
    texts.iter().map(|text| pointer(text)).collect()
}

fn usage(input: &str, output: &str) -> UsageRules {
    let (input, output) = (pointer(input), Some(pointer(output)));
    UsageRules { input, output, cached: None, reasoning: None }
}

/// An endpoint with most kinds of rules: its cap lies two objects deep, its stream is the default.
pub(super) fn rules() -> EndpointRules {
    EndpointRules {
        path: "api/chat".into(),
        kind: Endpoint::ChatCompletions,
        request: RequestRules {
            model: pointer("/model"),
            stream: Some(StreamFlag { pointer: pointer("/stream"), default: true }),
            cap: Some(CapRule {
                pointer: pointer("/options/limits/num_predict"),
                aliases: pointers(&["/max_tokens"]),
                default: Some(Tokens(512)),
            }),
            choices: Some(pointer("/n")),
            messages: Some(pointer("/messages")),
            prompts: None,
            text: pointers(&["/messages/*/role", "/messages/*/content", "/messages/*/calls/**"]),
            images: pointers(&["/messages/*/images/*"]),
            references: pointers(&["/files/*"]),
            fees: pointers(&["/search"]),
            refused: pointers(&["/models"]),
        },
        answer_model: Some(pointer("/model")),
        usage: usage("/in", "/out"),
        stream: Some(StreamRules {
            framing: Framing::Lines,
            last: LastEvent::Member { pointer: pointer("/done"), is: LastValue::Flag(true) },
            usage: usage("/in", "/out"),
            error: None,
        }),
    }
}

/// The same with server-sent events, and usage further inside.
pub(super) fn events() -> EndpointRules {
    let last =
        LastEvent::Member { pointer: pointer("/type"), is: LastValue::Text("message-end".into()) };
    EndpointRules {
        usage: usage("/usage/billed/in", "/usage/billed/out"),
        stream: Some(StreamRules {
            framing: Framing::Events,
            last,
            usage: usage("/delta/usage/in", "/delta/usage/out"),
            error: Some(pointer("/delta/error")),
        }),
        ..rules()
    }
}

fn declaration(endpoints: Vec<EndpointRules>) -> Declaration {
    Declaration {
        name: "vendor".into(),
        base_url: "https://api.example.com".into(),
        key: KeyForm::Keyless,
        api: Api::Own { error: pointer("/error/message"), endpoints },
    }
}

pub(super) fn dialect(rules: EndpointRules) -> Arc<dyn Dialect> {
    let family = declare(declaration(vec![rules])).unwrap_or_else(|error| panic!("{error}"));
    family.dialects().into_iter().next().expect("an endpoint")
}

#[test]
fn two_rules_for_one_place_cannot_hold() {
    let mut twice = rules();
    twice.request.text.push(pointer("/model"));
    let error = declare(declaration(vec![twice])).expect_err("two rules");
    assert_eq!(error, DeclarationError::Twice(pointer("/model")));
    let mut lists = rules();
    lists.usage.input = pointer("/usage/*/in");
    let error = declare(declaration(vec![lists])).expect_err("several places");
    assert_eq!(error, DeclarationError::NotPlain(pointer("/usage/*/in")));
    let mut many = rules();
    many.request.text.extend((0..64).map(|at| pointer(&format!("/messages/*/m{at}"))));
    assert_eq!(declare(declaration(vec![many])).expect_err("65"), DeclarationError::Crowded);
}

#[test]
fn a_refusal_has_its_message_where_the_vendor_has_its_own() {
    let dialect = dialect(rules());
    let refusal = Refusal::BadRequest { what: "no".to_owned() };
    let words = dialect.family().refuse(&refusal, None);
    let words: serde_json::Value = serde_json::from_slice(&words).expect("JSON");
    assert_eq!(words["error"]["message"], refusal.to_string());
    assert_eq!(words["error"]["code"], "bad_request");
    assert_eq!(words["error"]["reason"], "no");
}
