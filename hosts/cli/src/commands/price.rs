//! `reins price`: what a call cost, from what its vendor says was used.

mod list;
mod quote;

use std::io::{self, BufRead, BufReader, Read};
use std::process::ExitCode;

use self::list::PriceList;
use super::Desk;
use crate::config_file::Of;
use crate::failure::Failure;
use crate::out::Out;

/// Say what a call cost, exactly, from the usage that its vendor told
///
/// Prices are those of the file where there is one, over those that come with this program.
///
/// The answer is one line of JSON. `cost_usd` is the sum of `input_usd`, `output_usd` and
/// `fees_usd`, none of them rounded; `charge_usd` is the sum rounded up to a billionth of a
/// dollar, which is what a budget is charged; `usage` is what was read, each token counted once;
/// `price_version` names the prices. What has no price is answered with `error`, and status 1.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Price {
    #[command(flatten)]
    of: Of,
    /// Whose model it is, such as openai
    #[arg(long, required_unless_present = "stdin")]
    vendor: Option<String>,
    /// The model that answered
    #[arg(long, required_unless_present = "stdin")]
    model: Option<String>,
    /// The `usage` object of the answer, as JSON
    #[arg(long, value_name = "JSON", required_unless_present = "stdin")]
    usage: Option<String>,
    /// Price one call per line of stdin: {"vendor","model","usage"}, answered line by line
    #[arg(long, conflicts_with_all = ["vendor", "model", "usage"])]
    stdin: bool,
}

const EXAMPLES: &str = r#"Examples:
  reins price --vendor openai --model gpt-4o-mini \
      --usage '{"prompt_tokens":1000,"completion_tokens":500}'
  reins price --vendor anthropic --model claude-sonnet-4-5 \
      --usage '{"input_tokens":10,"cache_read_input_tokens":9000,"output_tokens":40}'
  jq -c '{vendor:"openai", model, usage}' answers.jsonl | reins price --stdin"#;

/// Bytes that are read at once: many lines, so that many answers leave together.
const READ_AT_ONCE: usize = 64 * 1024;

// === impl Price ===

impl Price {
    pub(crate) fn run(self, desk: Desk<'_>) -> Result<ExitCode, Failure> {
        let Desk { config, machine, out } = desk;
        let list = PriceList::of(config.read_if_there(&self.of, machine)?, machine)?;
        let (Some(vendor), Some(model), Some(usage)) = (self.vendor, self.model, self.usage) else {
            answer_lines(&list, io::stdin(), out)?;
            return Ok(ExitCode::SUCCESS);
        };
        let quote = list.quote(&vendor, &model, usage.as_bytes());
        let status = if quote.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE };
        out.answer(quote::line(quote)?)?;
        Ok(status)
    }
}

/// Answers each line in its turn, and waits for more only when all answers have left.
fn answer_lines(list: &PriceList, input: impl Read, out: &mut Out) -> Result<(), Failure> {
    let mut input = BufReader::with_capacity(READ_AT_ONCE, input);
    let mut line = Vec::new();
    while input.read_until(b'\n', &mut line).map_err(Failure::Input)? > 0 {
        if !line.trim_ascii().is_empty() {
            out.answer(quote::line(list.answer(&line))?)?;
        }
        line.clear();
        if !input.buffer().contains(&b'\n') {
            out.flush()?;
        }
    }
    Ok(())
}
