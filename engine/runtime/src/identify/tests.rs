//! Pins before headers, and what callers may not say.

use std::path::Path;
use std::sync::Arc;

use http::{HeaderMap, HeaderName, HeaderValue};
use jiff::civil::date;
use reins_config::{File, Organization, Purpose, UnknownAgents};
use reins_governor::{Environment, Identity, KeyId, Refusal};

use reins_store::{Key, Pins};

use super::identify;
use crate::directory::Directory;

fn organization(unknown_agents: UnknownAgents) -> Organization {
    let text = "[organization]\nid = \"acme\"\n[[connection]]\nvendor = \"openai\"\n";
    let file = File {
        path: Path::new("reins.toml"),
        text,
        purpose: Purpose::Serve,
        today: date(2026, 11, 21),
        variables: &|_| None,
        others: &[],
    };
    let main = reins_config::read(&file).expect("a good file");
    Organization { unknown_agents, ..main.first.organization }
}

fn resolve(
    pins: Pins,
    unknown: UnknownAgents,
    headers: &[(&str, &str)],
) -> Result<Identity, Refusal> {
    let key = key(pins);
    let headers: HeaderMap = headers
        .iter()
        .map(|(n, v)| (n.parse::<HeaderName>().expect(n), HeaderValue::from_str(v).expect(v)))
        .collect();
    let directory = Directory::of(["known-*"], [("bot", Some("support"))]);
    identify(&key, &headers, &organization(unknown), &directory)
}

fn key(pins: Pins) -> Key {
    Key {
        id: KeyId("key_ci".into()),
        organization: "acme".into(),
        name: "ci".into(),
        masked: "rns_****".into(),
        environment: Environment::Live,
        pins,
        created: jiff::Timestamp::UNIX_EPOCH,
        expires: None,
        revoked: None,
        used: None,
        rotated_to: None,
    }
}

#[test]
fn a_pin_cannot_be_overridden() {
    let pins = Pins {
        agent: Some("pinned".into()),
        user: Some("ann".into()),
        roles: Some(Arc::from([])),
        ..Pins::default()
    };
    let headers = [
        ("x-reins-agent", "other"),
        ("x-reins-user", "bob"),
        ("x-reins-roles", "admin"),
        ("x-reins-metadata", r#"{"role":"admin"}"#),
    ];
    let who = resolve(pins, UnknownAgents::Register, &headers).expect("identity");
    assert_eq!((&*who.agent, who.user.as_deref(), who.roles.len()), ("pinned", Some("ann"), 0));
}

#[test]
fn unknown_agents_are_what_the_organization_chose() {
    let named = [("x-reins-agent", "stranger")];
    let agent = |unknown| resolve(Pins::default(), unknown, &named).map(|who| who.agent);
    assert_eq!(agent(UnknownAgents::Default).as_deref(), Ok("default"));
    assert_eq!(agent(UnknownAgents::Register).as_deref(), Ok("stranger"));
    assert!(matches!(agent(UnknownAgents::Refuse), Err(Refusal::Forbidden { .. })));
}

#[test]
fn known_agents_bring_their_team() {
    let who = |agent| {
        resolve(Pins::default(), UnknownAgents::Refuse, &[("x-reins-agent", agent)])
            .map(|who| (who.agent.to_string(), who.team.map(|team| team.to_string())))
    };
    assert_eq!(who("bot"), Ok(("bot".to_owned(), Some("support".to_owned()))));
    assert_eq!(who("known-7"), Ok(("known-7".to_owned(), None)));
}

#[test]
fn roles_come_from_the_list_and_from_metadata() {
    let headers =
        [("x-reins-roles", "trial, beta"), ("x-reins-metadata", r#"{"roles":["x","trial"]}"#)];
    let who = resolve(Pins::default(), UnknownAgents::Default, &headers).expect("identity");
    assert_eq!(who.roles.iter().map(|r| &**r).collect::<Vec<_>>(), ["trial", "beta", "x"]);
}

/// Resolves a session and a list of roles out of headers with any bytes.
fn session(session: &[u8], roles: &[u8]) -> Result<Identity, String> {
    let mut headers = HeaderMap::new();
    headers.insert("x-reins-session", HeaderValue::from_bytes(session).expect("a header"));
    headers.insert("x-reins-roles", HeaderValue::from_bytes(roles).expect("a header"));
    let (key, directory) = (key(Pins::default()), Directory::of([], []));
    let who = identify(&key, &headers, &organization(UnknownAgents::Default), &directory);
    who.map_err(|refusal| {
        assert_eq!(refusal.status(), 400, "{refusal:?}");
        refusal.to_string()
    })
}

#[test]
fn names_are_what_clients_send_and_people_can_read() {
    for text in ["s-1", " s-1 ", "ada@example.com", "https://a.example/runs?id=7", "Grüße, 会話 7"]
    {
        let who = session(text.as_bytes(), text.as_bytes()).expect(text);
        assert_eq!(who.session.as_deref(), Some(text.trim()));
    }
    assert_eq!(session(b"  ", b", ,").map(|who| (who.session, who.roles.len())), Ok((None, 0)));
    let unseen = "which cannot be seen: leave out control characters, marks of direction and \
                  spaces without width";
    for (text, code) in [("a\u{202e}b", "202E"), ("a\u{200b}", "200B"), ("a\tb", "0009")] {
        let error = session(text.as_bytes(), b"").expect_err(text);
        let what = format!("the header `x-reins-session`: a name has U+{code} in it, {unseen}");
        assert_eq!(error, what);
        assert!(session(b"s", text.as_bytes()).expect_err(text).starts_with("a role: a name has"));
    }
    let error = session(b"a\xff", b"").expect_err("not UTF-8");
    assert_eq!(error, "the header `x-reins-session`: send it as UTF-8");
}

#[test]
fn what_cannot_be_a_name_is_refused() {
    let long = "x".repeat(129);
    for headers in [
        [("x-reins-session", long.as_str())],
        [("x-reins-metadata", "[1]")],
        [("x-reins-metadata", "{")],
    ] {
        let refused = resolve(Pins::default(), UnknownAgents::Default, &headers);
        assert!(matches!(refused, Err(Refusal::BadRequest { .. })), "{headers:?}");
    }
}
