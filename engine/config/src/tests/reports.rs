//! What people see of a broken file: every message, as it is shown.

use super::{read_for, serve};
use crate::{Purpose, Report};

const CONNECTION: &str = "[[connection]]\nvendor = \"openai\"\n";

fn report(text: &str) -> Report {
    serve(text).map_or_else(|report| report, |checked| checked.report)
}

/// The reports of some files, each of which begins with what `before` says.
fn reports(before: &str, files: &[&str]) -> String {
    files.iter().map(|file| format!("{}\n", report(&format!("{before}{file}")))).collect()
}

#[test]
fn texts_that_are_not_toml() {
    insta::assert_snapshot!(reports(
        "",
        &[
            "",
            "listen = \"127.0.0.1:8700",
            "[[budget\nname = \"x\"\n",
            "store = \"sqlite:a\"\nstore = \"sqlite:b\"\ndurability = 5\n[[connection]]\nvendor = \"openai\"\n",
            "listen = 127.0.0.1\nkey = \"sk-proj-0123456789",
            "[organization]\nid = \n",
        ]
    ));
}

#[test]
fn fields_of_the_whole_file() {
    insta::assert_snapshot!(reports(
        "",
        &[
            "listn = \"127.0.0.1:1\"\n[organisation]\nid = \"a\"\n[[conection]]\nvendor = \"openai\"\n",
            "listen = \"localhost:8700\"\nstore = \"postgres://u:p@h/db\"\ndurability = \"none\"\n[connection]\nvendor = \"openai\"\n",
            "listen = 8700\nstore = \"reins.db\"\ndurability = true\nconnection = \"openai\"\n",
            "store = \"sqlite:\"\nbudget = 5\npolicy = [1]\n[[connection]]\nvendor = \"openai\"\n",
            "listen = \"0.0.0.0:8700\"\ndefault_key = \"c\"\n[[key]]\nname = \"ci\"\nvalue_env = \"REINS_KEY\"\n[[connection]]\nvendor = \"openai\"\n",
        ]
    ));
}

#[test]
fn fields_of_the_organization() {
    insta::assert_snapshot!(reports(
        CONNECTION,
        &[
            "[organization]\n",
            "[organization]\nid = \"\"\ntimezone = \"Europe/Berln\"\nunknown_agents = \"refused\"\nbudget_status = 402\n",
            "[organization]\nid = \"a\"\ntimezone = \"CEST summer\"\ndefault_connection = \"opnai\"\ndefault_deny = \"no\"\n",
            "[organization]\nid = \"a\"\nbudget_status = \"429\"\ndefault_agent = \"a\\nb\"\nzone = \"UTC\"\ntimezone = \"UTC\"\n",
            "[server]\nmax_body_bytes = -1\nheader_timeout = 10\nbody_timeout = \"10 parsecs\"\nidle_timeout = \"25h\"\nmax_calls = 0\nmax_connections = 1.5\n",
            "[[agent]]\nteam = 1\n[[agent]]\nname = \"a\"\n[[agent]]\nname = \"a\"\n",
        ]
    ));
}

#[test]
fn fields_of_connections() {
    insta::assert_snapshot!(reports(
        "",
        &[
            "[[connection]]\n",
            "[[connection]]\nvendor = \"openai\"\n[[connection]]\nvendor = \"openai\"\nname = \"openai\"\n",
            "[[connection]]\nvendor = \"google\"\n[[connection]]\nvendor = \"groq\"\n[[connection]]\nvendor = \"mistral\"\ndialect = \"opnai\"\n",
            "[[connection]]\nvendor = \"openai\"\nname = \"v1\"\nretries = 3\nmodels = []\ndefault_max_tokens = 0\n",
            "[[connection]]\nvendor = \"openai\"\nname = \"Open AI\"\nmodels = \"gpt-4*\"\ntimeout = 120\n",
            "[[connection]]\nvendor = \"openai\"\nkey = \"sk-proj-abcdefghijklmnop\"\n",
            "[[connection]]\nvendor = \"openai\"\nkey = \"stored\"\nkey_env = \"OPENAI_API_KEY\"\nmodels = [\"gpt-[4\", 5]\n",
            "[[connection]]\nvendor = \"openai\"\nkey_env = \"NOT_SET\"\n[[connection]]\nvendor = \"anthropic\"\nkey_env = \"QUOTED\"\n",
            "[[connection]]\nvendor = \"openai\"\napi_key = \"0123456789abcdefghij\"\n",
        ]
    ));
}

#[test]
fn addresses() {
    let files = [
        "http://api.example.com/v1",
        "https://169.254.169.254/latest",
        "https://[fe80::1]/v1",
        "https://user:secret@example.com/v1",
        "https://example.com/v1?key=1",
        "ftp://example.com",
        "api.openai.com/v1",
        "https://",
    ]
    .map(|url| format!("[[connection]]\nvendor = \"openai\"\nbase_url = \"{url}\"\n"));
    insta::assert_snapshot!(reports("", &files.each_ref().map(String::as_str)));
    insta::assert_snapshot!(
        "private",
        report(
            "[[connection]]\nvendor = \"openai\"\nbase_url = \"http://10.0.0.1/v1\"\nallow_private = false\n"
        )
    );
}

#[test]
fn fields_of_keys() {
    insta::assert_snapshot!(reports(
        CONNECTION,
        &[
            "[[key]]\n",
            "[[key]]\nname = \"ci\"\nvalue = \"rns_live_0123456789abcdef\"\n",
            "[[key]]\nname = \"ci\"\nvalue_env = \"SHORT\"\n[[key]]\nname = \"ci\"\nvalue_env = \"NOT_SET\"\n",
            "[[key]]\nname = \"ci\"\nvalue_env = \"REINS_KEY\"\nenvironment = \"prod\"\nroles = \"trial\"\nagents = \"a\"\n",
        ]
    ));
}

#[test]
fn what_is_not_set_only_warns_whoever_looks() {
    let text = "[[connection]]\nvendor = \"openai\"\nkey_env = \"NOT_SET\"\n\
                [[key]]\nname = \"ci\"\nvalue_env = \"NOT_SET\"\n";
    let checked = read_for(Purpose::Check, text).expect("warnings only");
    assert_eq!(checked.settings.keys, [], "a key without a value would let everybody in");
    insta::assert_snapshot!(checked.report);
}

#[test]
fn fields_of_prices() {
    insta::assert_snapshot!(reports(
        CONNECTION,
        &[
            "[[price]]\n",
            "[[price]]\nvendor = \"groq\"\nmodel = \"llama-*\"\ninput = 0.10\noutput = \"1,5\"\n",
            "[[price]]\nvendor = \"groq\"\nmodel = \"llama-*\"\ninput = \"0.10\"\n",
            "[[price]]\nvendor = \"groq\"\nmodel = \"llama-*\"\nfree = true\noutput = \"0.10\"\n",
            "[[price]]\nvendor = \"groq\"\nmodel = \"llama-[\"\ninput = \"0.10\"\noutput = \"dear\"\ncontext_window = 0\n",
            "[[price]]\nvendor = \"groq\"\nmodel = \"llama\"\ninput = \"0.10\"\noutput = \"dear\"\n",
        ]
    ));
}

#[test]
fn fields_of_limits_and_scopes() {
    insta::assert_snapshot!(reports(
        &format!("{CONNECTION}[organization]\nid = \"acme\"\n"),
        &[
            "[[limit]]\n",
            "[[limit]]\nscope = \"acme\"\ncalls_per_second = 0\nburst = \"many\"\n",
            "[[limit]]\nscope = { agent = \"a\", team = \"b\" }\ncalls_per_second = 1\n",
            "[[limit]]\nscope = { }\ncalls_per_second = 1\n",
            "[[limit]]\nscope = { agnet = \"a\" }\ncalls_per_second = 1\n",
            "[[limit]]\nscope = { organization = \"acmee\" }\ncalls_per_second = 1\n",
            "[[limit]]\nscope = { key = \"[a\" }\ncalls_per_second = 1\n",
        ]
    ));
}

#[test]
fn fields_of_budgets() {
    let budget = "[[budget]]\nname = \"b\"\nscope = { agent = \"*\" }\nwindow = \"daily\"\n";
    insta::assert_snapshot!(reports(
        CONNECTION,
        &[
            "[[budget]]\n",
            "[[budget]]\nname = \"b\"\nscope = { agent = \"*\" }\nwindow = \"dayly\"\nlimit_usd = 5.0\n",
            "[[budget]]\nname = \"b\"\nscope = { agent = \"*\" }\nwindow = \"rolling 24\"\nlimit_usd = 5\nhold = \"typcal\"\n",
        ]
    ));
    insta::assert_snapshot!(
        "amounts_and_actions_of_budgets",
        reports(
            &format!("{CONNECTION}{budget}"),
            &[
                "limit_usd = \"$5\"\nwarn_at = [0, 50]\n",
                "limit_usd = \"5.0000000001\"\nwarn_at = 75\n",
                "limit_usd = \"99999999999\"\non_exceed = \"clamp\"\n",
                "limit_usd = \"-5\"\non_exceed = \"downgrade\"\n",
                "limit_usd = \"5.00\"\non_exceed = { downgrade = \"gpt-4o-mni\" }\n",
                "limit_usd = \"5.00\"\non_exceed = { downgrade = \"gpt-*\", clip = {} }\n",
                "limit_usd = \"5.00\"\non_exceed = { downgrade = \"gpt-*\" }\n",
                "limit_usd = \"5.00\"\non_exceed = { clip = 500 }\n",
                "limit_usd = \"5.00\"\nlimit = \"5.00\"\n[[budget]]\nname = \"b\"\nscope = { team = \"*\" }\nwindow = \"daily\"\nlimit_usd = \"1.00\"\n",
            ]
        )
    );
}

#[test]
fn downgrades_that_lead_nowhere() {
    let connections = "[[connection]]\nvendor = \"openai\"\nmodels = [\"gpt-*\"]\n\
                       [[connection]]\nvendor = \"anthropic\"\nmodels = [\"claude-*\"]\n\
                       [[policy]]\nname = \"p\"\n[[policy.rule]]\nname = \"r\"\n";
    insta::assert_snapshot!(reports(
        connections,
        &[
            "action = { downgrade = \"llama-3\" }\n",
            "action = { downgrade = \"gpt-999\" }\n",
            "when = { vendors = [\"openai\"] }\naction = { downgrade = \"claude-haiku-4-5\" }\n",
            "action = \"block\"\noverrides = [{ agents = [\"a\"], action = { downgrade = \"llama-3\" } }]\n",
        ]
    ));
}

#[test]
fn fields_of_policies() {
    insta::assert_snapshot!(reports(
        CONNECTION,
        &[
            "[[policy]]\n",
            "[[policy]]\nname = \"p\"\npriority = \"first\"\nstatus = \"on\"\nmode = \"dry\"\non_error = \"ignore\"\nscope = \"all\"\n",
            "[[policy]]\nname = \"p\"\npriority = 99999999999999999999\nscope = { models = [] , vendor = \"openai\" }\n[[policy]]\nname = \"p\"\n",
            "[[policy]]\nname = \"p\"\non_error = \"allow\"\n[[policy.rule]]\n",
            "[[policy]]\nname = \"p\"\n[[policy.rule]]\nname = \"r\"\naction = \"block\"\nenabled = 1\nfinal = \"yes\"\n[[policy.rule]]\nname = \"r\"\naction = \"block\"\n",
        ]
    ));
}

#[test]
fn fields_of_rules() {
    let rule = format!("{CONNECTION}[[policy]]\nname = \"p\"\n[[policy.rule]]\nname = \"r\"\n");
    insta::assert_snapshot!(reports(
        &rule,
        &[
            "",
            "action = \"blok\"\n",
            "action = \"approve\"\n",
            "action = \"downgrade\"\n",
            "action = { downgrade = \"gpt-4o-mini\", clip = 5 }\n",
            "action = { clip = { to = 50, floor = 100 } }\nmessage = \"hm\"\n",
            "action = { clip = \"half\" }\n",
            "action = \"block\"\nmessage = \" \"\nredirect_url = \"example.com\"\n",
            "action = \"warn\"\nredirect_url = \"https://example.com\"\nredirectUrl = \"https://example.com\"\n",
            "cel = \"call.hour < 6\"\naction = \"block\"\n",
            "wasm = \"policies/loop-breaker.wasm\"\nsettings = { calls_per_minute = 30 }\n",
            "settings = { }\naction = \"block\"\n",
            "action = \"block\"\noverrides = [{ limit_usd = \"5.00\" }, { agents = [\"a\"], limit_usd = 5 }]\n",
            "action = \"block\"\noverrides = [{ agents = [\"a\"], limit_usd = \"5.00\" }]\n",
            "action = \"block\"\noverrides = { agents = [\"a\"] }\n",
        ]
    ));
}

#[test]
fn conditions() {
    let rule = format!(
        "{CONNECTION}[[policy]]\nname = \"p\"\n[[policy.rule]]\nname = \"r\"\naction = \"block\"\n"
    );
    insta::assert_snapshot!(reports(
        &rule,
        &[
            "when = { vendor = [\"openai\"] }\n",
            "when = { models = [], teams = \"a\", roles = [1], stream = \"yes\" }\n",
            "when = { regex = \"a+\", cel = \"true\" }\n",
            "when = { agents = [\"a\"], agentIds = [\"b\"] }\n",
            "when = { endpoints = [\"completions\"] }\n",
            "when = { amountCents = { min = 500, max = 5 } }\n",
            "when = { amountCents = { min = 0.5 }, amount_usd = { min = \"1\" } }\n",
            "when = { amountCents = { min = \"5\" } }\n",
            "when = { amount_usd = { } }\n",
            "when = { tokens = { input = -5, outputs = 7 } }\n",
            "when = { hours = \"9-17\" }\n",
            "when = { hours = { zone = \"Mars/Base\" } }\n",
            "when = { hours = { cron = \"0 22-6 * * *\", zone = \"Europe/Berlin\" } }\n",
            "when = { hours = \"0 9-17 * * *\" }\n",
            "when = { limitCents = 500 }\n",
            "when = { timeWindow = \"daily\", thresholdPct = 80 }\n",
            "when = { timeWindow = \"daily\", limitCents = 5.5, thresholdPct = 0, maxTransactions = \"1\" }\n",
            "when = { timeWindow = \"daily\", limit_usd = \"1.00\", limit_cents = 100 }\n",
            "when = { window = \"daily\", spend = { scope = \"agents\", window = \"daily\" } }\n",
            "when = { spend = { scope = \"agents\", window = \"fortnightly\", limit_usd = 1 } }\n",
        ]
    ));
}
