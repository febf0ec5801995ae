//! Every file and call that the documents show, held against the real reader, the price book and a
//! gateway: what is copied from a page must work.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test stops on the first surprise"
)]

mod blocks;
mod book;
mod files;
mod served;

use reins_policy::{Action, Rule};

use blocks::documents;
use book::Book;
use files::{Shown, shown};

/// Models that trial users may have, of today's small ones.
const SMALL: [(&str, &str); 9] = [
    ("openai", "gpt-4o-mini"),
    ("openai", "gpt-4o-mini-2024-07-18"),
    ("openai", "gpt-4.1-nano"),
    ("openai", "gpt-5-mini"),
    ("openai", "gpt-5-nano"),
    ("openai", "gpt-5.4-nano"),
    ("openai", "gpt-6-luna"),
    ("anthropic", "claude-haiku-4-5"),
    ("anthropic", "claude-haiku-5-5"),
];

/// What a million tokens of output of a big model cost at least, in cents: of today's small ones
/// they cost half of that at the most.
const BIG_CENTS: u64 = 1_000;

/// How the rule that keeps big models from trial users is called wherever it stands.
const RULES: [&str; 2] = ["no big models for trial users", "no big models on trial"];

/// Files in which the rule must stand.
const PLACES: [&str; 6] = [
    "README.md",
    "engine/config/reins.example.toml",
    "hosts/cli/src/demo/reins.toml",
    "hosts/cli/src/bench/gateway.toml",
    "tests/clients/reins.toml",
    "tests/scenarios/rule-blocks.md",
];

fn none(findings: &[String]) {
    assert!(findings.is_empty(), "{} findings:\n{}", findings.len(), findings.join("\n"));
}

fn each(found: impl Fn(&Shown, &Book) -> Vec<String>) {
    let book = Book::read();
    let all: Vec<Shown> = shown(&documents());
    let findings: Vec<String> = all
        .iter()
        .flat_map(|shown| {
            found(shown, &book).into_iter().map(|what| format!("{}: {what}", shown.at))
        })
        .collect();
    assert!(all.len() > 60, "only {} files were found in the documents", all.len());
    none(&findings);
}

/// Whether a rule is for this model, as far as its vendors and models go.
fn is_for(rule: &Rule, vendor: &str, model: &str) -> bool {
    let when = &rule.when;
    (when.vendors.is_empty() || when.vendors.iter().any(|one| one.matches(vendor)))
        && (when.models.is_empty() || when.models.iter().any(|one| one.matches(model)))
        && !when.not_models.iter().any(|one| one.matches(model))
}

/// What a dated name has behind the name: nothing, or `-2025-04-14`.
fn is_date(rest: &str) -> bool {
    rest.is_empty() || rest.starts_with("-20")
}

/// Rules that block models by their names.
fn blocks_by_name(shown: &Shown) -> impl Iterator<Item = &Rule> {
    let rules = shown.organization.policies.iter().flat_map(|policy| &policy.rules);
    rules.filter(|rule| {
        let named = !rule.when.models.is_empty() || !rule.when.not_models.is_empty();
        named && matches!(rule.action, Action::Block { .. })
    })
}

#[test]
fn every_file_is_read_without_a_problem() {
    none(&files::problems(&documents()));
}

#[test]
fn every_model_pattern_matches_a_model() {
    each(|shown, book| {
        let prices = &shown.organization.prices;
        let own = |pattern: &str| prices.iter().any(|price| price.model == pattern);
        let patterns = files::patterns(&shown.organization);
        let unknown = patterns.iter().filter(|pattern| {
            let known = book.models().any(|(_, model)| pattern.matches(model));
            !known && !own(pattern.text()) && !files::is_meant(&shown.at, pattern.text())
        });
        unknown.map(|pattern| format!("`{pattern}` matches no model of the book")).collect()
    });
}

#[test]
fn every_downgrade_leads_to_a_cheaper_model() {
    each(|shown, book| {
        let mut dearer = Vec::new();
        for downgrade in files::downgrades(&shown.organization, BIG_CENTS, book) {
            let (vendor, to) = (&downgrade.vendor, &downgrade.to);
            let same = |from: &str| from.strip_prefix(&**to).is_some_and(is_date);
            for from in downgrade.from.iter().filter(|from| !same(from)) {
                if !shown.is_cheaper(vendor, to, from) {
                    dearer.push(format!("`{to}` is not cheaper than `{from}`, which it replaces"));
                }
            }
        }
        dearer
    });
}

#[test]
fn no_downgrade_leads_to_a_model_that_another_rule_blocks() {
    each(|shown, book| {
        let targets = files::downgrades(&shown.organization, BIG_CENTS, book);
        let blocked = targets.iter().filter_map(|downgrade| {
            let blocks = |rule: &&Rule| is_for(rule, &downgrade.vendor, &downgrade.to);
            let rule = blocks_by_name(shown).find(blocks)?;
            Some(format!("`{}` is a downgrade, and `{}` blocks it", downgrade.to, rule.name))
        });
        blocked.collect()
    });
}

#[test]
fn trial_users_get_todays_small_models_and_no_big_one() {
    let mut places = Vec::new();
    let book = Book::read();
    for shown in &shown(&documents()) {
        let rules = blocks_by_name(shown);
        for rule in rules.filter(|rule| RULES.contains(&&*rule.name)) {
            for (vendor, model) in book.big(BIG_CENTS) {
                assert!(is_for(rule, vendor, model), "{}: `{model}` is let through", shown.at);
            }
            for (vendor, model) in SMALL {
                assert!(book.price(vendor, model).is_some(), "`{model}` is not in the book");
                assert!(!is_for(rule, vendor, model), "{}: `{model}` is blocked", shown.at);
            }
            places.push(shown.at.split(':').next().unwrap_or_default().to_owned());
        }
    }
    for place in PLACES {
        assert!(places.iter().any(|found| found == place), "the rule is not in {place}");
    }
}
