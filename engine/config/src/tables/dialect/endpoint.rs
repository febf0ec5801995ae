//! `[[dialect.endpoint]]`: a vendor's endpoint, by where things stand in its requests and answers.

use reins_dialects::{EndpointRules, FAMILIES, Pointer, RequestRules};
use reins_governor::Endpoint;

use crate::names::Names;
use crate::reader::Reader;
use crate::tables::dialect::{answer, one_place, request, sample};
use crate::value::Value;

pub(super) fn read(
    mut table: Reader<'_>,
    paths: &mut Names,
    error: Option<&Pointer>,
) -> Option<EndpointRules> {
    let hint = "write its path behind the base_url, such as path = \"v2/chat\"";
    let path = table.required(&["path"], hint, |value| path(value, paths));
    let hint = "say what kind of call it takes, such as kind = \"chat_completions\"";
    let kind = table.required(&["kind"], hint, kind);
    let request = request::read(&mut table);
    let answer_model = table.optional(&["answer_model"], one_place);
    let has_output = request.as_ref().is_none_or(|request| request.cap.is_some());
    let hint = "say where an answer has its counts: usage = { input = \"/…\", output = \"/…\" }";
    let usage = table.required(&["usage"], hint, |value| answer::usage(value, has_output));
    let stream = table.field(&["stream"]);
    let stream = match (stream, usage.as_ref()) {
        (None, _) => Some((None, None)),
        (Some(value), Some(usage)) => {
            let read = answer::stream(&value, usage, has_output);
            read.map(|(flag, rules)| (Some(flag), Some(rules)))
        }
        (Some(_), None) => None,
    };
    let samples = table.field(&["sample"]);
    let (flag, stream) = stream?;
    let rules = EndpointRules {
        path: path?.as_str().into(),
        kind: kind?,
        request: RequestRules { stream: flag, ..request? },
        answer_model: answer_model?,
        usage: usage?,
        stream,
    };
    sample::check(&table, samples.as_ref(), &rules, error?)?;
    Some(rules)
}

fn path(value: &Value<'_>, paths: &mut Names) -> Option<reins_governor::Name> {
    let path = super::path(value)?;
    if path.query().is_some() {
        let hint = "leave the query out: that of each call goes on to the vendor";
        return value.bad("a path of calls has a query", hint);
    }
    if is_free(path.path()) {
        let hint = "leave it out: vendors answer it for nothing, and it is passed on as it is";
        return value.bad("this path is free of charge, for every organization", hint);
    }
    paths.take(value)
}

/// Whether a built-in family answers a path for nothing. It cannot be declared anew: a path is
/// looked up before its caller is known, so that the others would lose it.
fn is_free(path: &str) -> bool {
    let rest = path.trim_start_matches('/');
    let rest = rest.strip_prefix("v1/").unwrap_or(rest);
    FAMILIES.iter().any(|family| family.free().contains(&rest))
}

fn kind(value: &Value<'_>) -> Option<Endpoint> {
    let words: Vec<_> = Endpoint::ALL.iter().map(|kind| (kind.word(), *kind)).collect();
    value.word(&words)
}
