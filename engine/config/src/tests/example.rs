//! The example is read whole, and shows every field there is.

use std::path::Path;
use std::time::Duration;

use reins_governor::{
    BudgetScope, Environment, HoldMode, OnExceed, ScopeKind, Tokens, Usd, Window,
};
use reins_policy::{Action, Mode, Schedule, SpendCondition};

use super::{EXAMPLE, serve};
use crate::{BudgetStatus, Checked, Durability, Main, Organization, Process, StoreUrl, VendorKey};

fn example() -> Main {
    serve(EXAMPLE).unwrap_or_else(|report| panic!("{report}"))
}

fn process() -> Process {
    example().process
}

fn organization() -> Organization {
    example().first.organization
}

fn action(policy: usize, rule: usize) -> Action {
    organization().policies[policy].rules[rule].action.clone()
}

#[test]
fn is_read_without_a_warning() {
    assert_eq!(example().first.report.warnings, []);
}

#[test]
fn serves_here_and_keeps_spend_beside_the_file() {
    let read = process();
    assert_eq!(read.listen.to_string(), "127.0.0.1:8700");
    assert_eq!(read.store, StoreUrl::Sqlite(Path::new("/etc/reins/reins.db").to_owned()));
    assert_eq!(read.durability, Durability::Power);
    assert_eq!(read.server.max_body_bytes, 32 << 20);
    assert_eq!(read.server.max_bodies_bytes, 512 << 20);
    assert_eq!(read.server.drain.timeout, Duration::from_secs(120));
}

#[test]
fn names_the_organization() {
    let read = organization();
    assert_eq!((&*read.id, read.digest.len()), ("acme", 16));
    assert_eq!(read.zone.iana_name(), Some("Europe/Berlin"));
    assert_eq!(read.default_key.as_deref(), Some("ci"));
    assert_eq!(read.default_connection.as_deref(), Some("openai"));
    assert_eq!(read.budget_status, BudgetStatus::Forbidden403);
    assert_eq!(read.agents[0].team.as_deref(), Some("support"));
}

#[test]
fn reads_connections_with_their_defaults() {
    let [openai, claude, local, azure, house] =
        organization().connections.try_into().expect("five");
    assert_eq!((&*openai.name, &*openai.vendor), ("openai", "openai"));
    assert_eq!(openai.base_url.to_string(), "https://api.openai.com/v1");
    assert_eq!((openai.family.name(), openai.allow_private), ("openai", false));
    assert_eq!((openai.retries, openai.timeouts.headers), (1, Duration::from_secs(120)));
    let VendorKey::Environment(key) = &openai.key else { panic!("{openai:?}") };
    assert_eq!(key.expose(), "sk-from-the-environment");
    assert_eq!((&*claude.name, claude.family.name()), ("claude", "anthropic"));
    assert_eq!((claude.key, claude.default_max_tokens), (VendorKey::Stored, Some(Tokens(4096))));
    assert_eq!((local.key, local.allow_private), (VendorKey::PassThrough, true));
    assert!(local.models[0].matches("llama-3-70b"));
    let paths = |connection: &crate::Connection| {
        let dialects = connection.family.dialects().iter();
        dialects.map(|dialect| dialect.path().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(paths(&azure), paths(&openai));
    assert_eq!(azure.base_url.host(), Some("acme.openai.azure.com"));
    assert_eq!(
        (house.family.name(), paths(&house)),
        ("house", vec!["generate".into(), "embed".into()])
    );
}

#[test]
fn shows_no_secret_in_debug() {
    let shown = format!("{:?}", example());
    assert!(!shown.contains("sk-from") && !shown.contains("rns_test"), "{shown}");
}

#[test]
fn pins_what_a_key_says() {
    let [key] = organization().keys.try_into().expect("one");
    assert_eq!((&*key.name, key.value.expose()), ("ci", "rns_test_0123456789abcdef"));
    assert_eq!((key.environment, key.observe_allowed), (Environment::Test, true));
    assert_eq!(key.pins.agent.as_deref(), Some("support-bot"));
    assert_eq!(key.pins.connection.as_deref(), Some("openai"));
    assert_eq!(key.pins.roles.as_deref(), Some(["trial".into()].as_slice()));
}

#[test]
fn counts_a_key_under_its_name() {
    let [organization, key] = organization().limits.try_into().expect("two");
    assert_eq!((organization.calls_per_second.get(), organization.burst.get()), (20_000, 40_000));
    assert_eq!((key.kind, key.pattern.text()), (ScopeKind::Key, "ci"));
    assert_eq!((key.calls_per_second.get(), key.burst.get()), (50, 50));
}

#[test]
fn reads_budgets() {
    let read = organization();
    let budget = read.budgets.get(0).expect("two");
    let pattern = "support-*".parse().expect("a pattern");
    assert_eq!(budget.scope, BudgetScope { kind: ScopeKind::Agent, pattern });
    assert_eq!((budget.limit, budget.window), (Usd::from_cents(500), Window::Daily));
    assert_eq!(budget.on_exceed, OnExceed::Downgrade { model: "gpt-4o-mini".into() });
    assert_eq!(
        (budget.hold, budget.warn_at.as_slice()),
        (HoldMode::Bound, [75, 90, 100].as_slice())
    );
    let month = read.budgets.get(1).expect("two");
    assert_eq!((month.limit, &month.on_exceed), (Usd::from_cents(200_000), &OnExceed::Block));
    assert_eq!(month.warn_at, [75, 90, 100]);
}

#[test]
fn reads_every_action() {
    assert_eq!(action(0, 0).kind().word(), "block");
    assert_eq!(action(0, 1), Action::Allow);
    assert_eq!(action(0, 2), Action::Downgrade { model: "gpt-4o-mini".into() });
    assert_eq!(action(0, 3), Action::Clip { to: Some(Tokens(1000)), floor: Tokens(100) });
    assert_eq!(action(0, 4), Action::Flag { message: None });
    assert_eq!(action(1, 0), Action::Warn { message: None });
    assert_eq!(action(1, 2), Action::Clip { to: Some(Tokens(1000)), floor: Tokens(64) });
}

#[test]
fn reads_spend_nested_or_as_the_rest_api_spells_it() {
    let read = organization();
    let nested = read.policies[0].rules[5].when.spend;
    let per_user = SpendCondition {
        scope: ScopeKind::User,
        window: Window::Daily,
        limit: Some(Usd::from_cents(2000)),
        threshold_pct: Some(100),
        max_transactions: Some(500),
    };
    assert_eq!(nested, Some(per_user));
    let flat = read.policies[1].rules[1].when.spend;
    let per_agent = SpendCondition {
        scope: ScopeKind::Agent,
        threshold_pct: Some(80),
        max_transactions: Some(1000),
        ..per_user
    };
    assert_eq!(flat, Some(per_agent));
}

#[test]
fn reads_policies_conditions_and_overrides() {
    let [first, second] = organization().policies.try_into().expect("two");
    assert_eq!((first.priority, second.priority), (10, 100));
    assert_eq!((first.mode, second.mode), (Mode::Enforce, Mode::Observe));
    assert!(first.rules[1].is_final && !first.rules[0].is_final);
    let zone = Some("Europe/Berlin".into());
    let evening = Schedule { cron: "* 18-23 * * MON-FRI".into(), zone };
    assert_eq!(first.rules[2].when.hours, Some(evening));
    let [batch, demo] = first.rules[5].overrides.as_slice() else { panic!("two") };
    assert_eq!(batch.limit, Some(Usd::from_cents(10_000)));
    assert_eq!(demo.action, Some(Action::Warn { message: None }));
    let amount = second.rules[0].when.amount.expect("an amount");
    assert_eq!(
        (amount.min, amount.max),
        (Some(Usd::from_cents(50)), Some(Usd::from_cents(100_000)))
    );
    assert_eq!(&*second.rules[0].when.roles[0], "trial");
}

#[test]
fn makes_the_snapshot_that_calls_are_judged_by() {
    let Checked { organization, snapshot, .. } = example().first;
    assert_eq!((&*snapshot.version, &*snapshot.organization), (&*organization.digest, "acme"));
    assert_eq!(snapshot.budgets.iter().count(), 2);
    assert_eq!(snapshot.judge.reads().len(), 2);
    assert!(!snapshot.default_deny && !snapshot.budget_429);
    let usage = reins_governor::Usage { input: Tokens(1_000_000), ..Default::default() };
    let cost = |model| snapshot.prices.cost("vllm", model, &usage).map(|cost| cost.total);
    assert_eq!(cost("llama-3-8b"), Some(Usd::from_cents(10)));
    assert_eq!(cost("tiny-1"), Some(Usd::ZERO));
}

#[test]
fn two_lines_are_enough() {
    let text = "[[connection]]\nvendor = \"openai\"\n";
    let Main { process, first } = serve(text).expect("a file");
    let read = first.organization;
    assert_eq!((&*read.id, read.zone.iana_name()), ("default", Some("UTC")));
    assert_eq!(process.store, StoreUrl::Sqlite(Path::new("/etc/reins/reins.db").to_owned()));
    assert_eq!((&read.connections[0].key, read.keys.len()), (&VendorKey::PassThrough, 0));
    let [limit] = read.limits.try_into().expect("the organization's");
    assert_eq!((limit.kind, limit.calls_per_second.get()), (ScopeKind::Organization, 1_000));
}

#[test]
fn one_body_of_the_largest_size_always_fits() {
    let serve = |server: &str| {
        serve(&format!("[[connection]]\nvendor = \"openai\"\n[server]\n{server}\n"))
            .map(|read| (read.process.server.max_body_bytes, read.process.server.max_bodies_bytes))
    };
    let all = |server| serve(server).unwrap_or_else(|report| panic!("{report}"));
    assert_eq!(all("max_body_bytes = 1000"), (1000, 512 << 20));
    assert_eq!(all("max_body_bytes = 1073741824"), (1 << 30, 1 << 30));
    assert_eq!(all("max_body_bytes = 1000\nmax_bodies_bytes = 1000"), (1000, 1000));
    let report = serve("max_body_bytes = 1000\nmax_bodies_bytes = 999").expect_err("too few");
    assert_eq!(report.problems[0].path, "server.max_bodies_bytes");
}

#[test]
fn a_limit_on_agents_does_not_lift_the_organizations() {
    let text = "[[connection]]\nvendor = \"openai\"\n\
                [[limit]]\nscope = { agent = \"*\" }\ncalls_per_second = 5\n";
    let kinds =
        serve(text).expect("a file").first.organization.limits.into_iter().map(|limit| limit.kind);
    assert_eq!(kinds.collect::<Vec<_>>(), [ScopeKind::Agent, ScopeKind::Organization]);
}

#[test]
fn an_address_inside_is_allowed_where_it_is_written_out() {
    for (url, prefix, inside) in [
        ("http://127.0.0.1:9900/v1", "/v1", true),
        ("http://localhost:9900", "", true),
        ("http://[::1]:9900/a/b/", "/a/b", true),
        ("http://192.168.1.4/v1", "/v1", true),
        ("https://gateway.example/v1", "/v1", false),
        ("https://8.8.8.8/v1", "/v1", false),
    ] {
        let text = format!("[[connection]]\nvendor = \"openai\"\nbase_url = \"{url}\"\n");
        let read = serve(&text).unwrap_or_else(|report| panic!("{report}"));
        let connection = &read.first.organization.connections[0];
        assert_eq!((connection.path_prefix(), connection.allow_private), (prefix, inside), "{url}");
    }
}

/// Every field that some reader asks for stands in the example, in one of its spellings.
#[test]
fn shows_every_field() {
    let mut unknown = String::new();
    for header in ["", "[organization]", "[server]"] {
        unknown.push_str(&format!("{header}\nzzzz = 1\n"));
    }
    for table in ["agent", "connection", "key", "price", "limit", "budget", "policy", "policy.rule"]
    {
        unknown.push_str(&format!("[[{table}]]\nzzzz = 1\n"));
    }
    unknown.push_str(
        "[[dialect]]\nzzzz = 1\nerror = \"/e\"\n[[dialect.endpoint]]\nzzzz = 1\n\
         output_cap = { zzzz = 1 }\nusage = { zzzz = 1, input = \"/i\", output = \"/o\" }\n\
         [dialect.endpoint.stream]\nzzzz = 1\nlast = { zzzz = 1 }\n\
         [[dialect.endpoint.sample]]\nzzzz = 1\n",
    );
    unknown.push_str("[policy.rule.when]\nzzzz = 1\n[policy.rule.when.spend]\nzzzz = 1\n");
    let report = serve(&unknown).expect_err("nothing is known of zzzz");
    let lists = report.problems.iter().filter_map(|p| p.hint.strip_prefix("there can be: "));
    let fields: Vec<&str> = lists.flat_map(|list| list.split(", ")).collect();
    assert!(fields.len() > 100, "{fields:?}");
    // The later kinds, the other form of a flat field, and literals that are refused.
    let elsewhere = ["wasm", "settings", "value", "limit_cents", "amount_cents"];
    for field in fields.iter().filter(|field| !elsewhere.contains(field)) {
        assert!(EXAMPLE.contains(field), "the example does not show `{field}`");
    }
}
