//! The files of Reins among the blocks, read as the gateway reads them.

use std::path::Path;

use jiff::civil::date;
use reins_config::{Checked, File, Organization, Purpose, Report, read};
use reins_governor::{OnExceed, Pattern, Snapshot};
use reins_policy::Action;

use crate::blocks::Block;
use crate::book::{Book, input_of, output_of};

/// What stands for something else in a file that a program fills in.
const FILLED_IN: [(&str, &str); 7] = [
    ("$VENDOR", "127.0.0.1:9"),
    ("{vendor}", "127.0.0.1:9"),
    ("{durability}", "process"),
    ("{store}", "reins.db"),
    ("@VENDOR@", "http://127.0.0.1:9"),
    ("@BUDGET_STATUS@", "403"),
    ("@HEADERS_MS@", "1000"),
];

/// Names that are meant to match nothing: the connections of these stories are called by name.
const MEANT: [(&str, &str); 2] = [
    ("tests/scenarios/lost-answers.md", "none-by-itself"),
    ("tests/scenarios/retries.md", "none-by-itself"),
];

/// What a page's part of a file leaves out.
const ORGANIZATION: &str = "\n[organization]\nid = \"acme\"\n";
const CONNECTIONS: &str = "\n[[connection]]\nvendor = \"openai\"\nkey_env = \"OPENAI_API_KEY\"\n\
                           [[connection]]\nvendor = \"anthropic\"\nkey_env = \"CLAUDE_KEY\"\n";
/// The key of every scenario.
const SCENARIO: &str = "\n[[key]]\nname = \"scenario\"\nvalue_env = \"REINS_KEY\"\n";

/// A file that a document shows.
pub(crate) struct Shown {
    /// Its page and line.
    pub(crate) at: String,
    pub(crate) organization: Organization,
    snapshot: Snapshot,
}

/// A model that takes over, and those that it is taken in place of.
pub(crate) struct Downgrade {
    pub(crate) vendor: String,
    pub(crate) to: String,
    pub(crate) from: Vec<String>,
}

/// Whether a block is a file of Reins, or a part of one.
fn is_file(block: &Block) -> bool {
    let mut words = block.info.split_whitespace();
    words.next() == Some("toml") && words.next() != Some("refused")
}

fn is_scenario(block: &Block) -> bool {
    block.page.starts_with("tests/scenarios/")
}

fn checked(block: &Block) -> Result<Checked, Report> {
    let fill = |text: String, (from, to): &(&str, &str)| text.replace(from, to);
    let mut text = FILLED_IN.iter().fold(block.text.clone(), fill);
    for (table, default) in [("[organization]", ORGANIZATION), ("[[connection]]", CONNECTIONS)] {
        if !text.contains(table) {
            text.push_str(default);
        }
    }
    if is_scenario(block) {
        text.push_str(SCENARIO);
    }
    let file = File {
        path: Path::new("reins.toml"),
        text: &text,
        purpose: Purpose::Serve,
        today: date(2026, 11, 21),
        variables: &|name| Some(format!("value-of-{name}-0123456789")),
        others: &[],
    };
    read(&file).map(|main| main.first)
}

/// What the reader says of the files: scenarios may be warned of, what users copy may not.
pub(crate) fn problems(blocks: &[Block]) -> Vec<String> {
    let said = |block: &Block| match checked(block) {
        Ok(checked) if is_scenario(block) || checked.report.warnings.is_empty() => None,
        Ok(Checked { report, .. }) | Err(report) => {
            Some(format!("{}:{}: {report}", block.page, block.line))
        }
    };
    blocks.iter().filter(|block| is_file(block)).filter_map(said).collect()
}

/// Every file that can be read.
pub(crate) fn shown(blocks: &[Block]) -> Vec<Shown> {
    let read = |block: &Block| {
        let Checked { organization, snapshot, .. } = checked(block).ok()?;
        Some(Shown { at: format!("{}:{}", block.page, block.line), organization, snapshot })
    };
    blocks.iter().filter(|block| is_file(block)).filter_map(read).collect()
}

/// Whether a story needs a name that no model has.
pub(crate) fn is_meant(at: &str, pattern: &str) -> bool {
    MEANT.iter().any(|(page, name)| at.starts_with(page) && *name == pattern)
}

/// Every pattern of models.
pub(crate) fn patterns(organization: &Organization) -> Vec<Pattern> {
    let mut all: Vec<Pattern> =
        organization.connections.iter().flat_map(|c| c.models.clone()).collect();
    for policy in &organization.policies {
        all.extend(policy.scope.models.clone());
        for rule in &policy.rules {
            all.extend(rule.when.models.clone());
            all.extend(rule.when.not_models.clone());
            all.extend(rule.overrides.iter().flat_map(|one| one.models.clone()).flatten());
        }
    }
    all
}

/// Every downgrade. A rule's takes the place of the models that the rule is for; a budget's, and
/// that of a rule which names none, of the big ones.
pub(crate) fn downgrades(organization: &Organization, big: u64, book: &Book) -> Vec<Downgrade> {
    let of = |to: &str, models: &[Pattern]| {
        let seller = organization.connections.iter().find(|connection| {
            let sold = connection.models.iter().any(|pattern| pattern.matches(to));
            sold && book.price(&connection.vendor, to).is_some()
        });
        let vendor = seller.map_or("none", |connection| &connection.vendor).to_owned();
        let named = |model: &str| models.iter().any(|pattern| pattern.matches(model));
        let replaced: Vec<String> = if models.is_empty() {
            let big = book.big(big).filter(|(whose, _)| **whose == vendor);
            big.map(|(_, model)| model.to_owned()).collect()
        } else {
            let all = book.models().filter(|(whose, model)| **whose == vendor && named(model));
            all.map(|(_, model)| model.to_owned()).collect()
        };
        Downgrade { vendor, to: to.to_owned(), from: replaced }
    };
    let mut all = Vec::new();
    for budget in &organization.budgets {
        if let OnExceed::Downgrade { model } = &budget.on_exceed {
            all.push(of(model, &[]));
        }
    }
    for rule in organization.policies.iter().flat_map(|policy| &policy.rules) {
        let actions = rule.overrides.iter().filter_map(|one| one.action.as_ref());
        for action in actions.chain([&rule.action]) {
            if let Action::Downgrade { model } = action {
                all.push(of(model, &rule.when.models));
            }
        }
    }
    all
}

// === impl Shown ===

impl Shown {
    /// Whether a model costs no more than another, and less for some of its tokens.
    pub(crate) fn is_cheaper(&self, vendor: &str, model: &str, than: &str) -> bool {
        let prices = &*self.snapshot.prices;
        let (input, output) = (input_of(prices, vendor, model), output_of(prices, vendor, model));
        let other = (input_of(prices, vendor, than), output_of(prices, vendor, than));
        let (Some(input), Some(output)) = (input, output) else { return false };
        let (Some(other_input), Some(other_output)) = other else { return false };
        input <= other_input
            && output <= other_output
            && (input, output) != (other_input, other_output)
    }
}
