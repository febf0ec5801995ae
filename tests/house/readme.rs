//! That setting up takes two commands, and that the README says which.

use crate::source::{Source, all, none};

/// The word after a fence's language that marks a block as part of setting up.
const MARK: &str = "set-up";
/// Command blocks that setting up takes.
const BLOCKS: usize = 2;

fn set_up(readme: &Source) -> Vec<String> {
    let marked = |line: &str| {
        let fence = line.trim().strip_prefix("```");
        fence.is_some_and(|info| info.split_whitespace().skip(1).any(|word| word == MARK))
    };
    let lines: Vec<usize> =
        readme.lines().filter(|(_, line)| marked(line)).map(|(number, _)| number).collect();
    if lines.len() == BLOCKS {
        return Vec::new();
    }
    let found = lines.len();
    let at = lines.last().copied().unwrap_or(1);
    let say = format!(
        "{found} blocks are marked as set-up, not {BLOCKS}: open exactly two with ```sh {MARK}"
    );
    vec![readme.finding(at, say)]
}

#[test]
fn setting_up_takes_two_commands() {
    let sources = all();
    let readme = sources.iter().find(|source| source.path == "README.md");
    none(&set_up(readme.expect("README.md: write it, at the root")));
}

#[test]
fn a_third_command_is_seen() {
    let block = "```sh set-up\ncargo run\n```\n";
    let readme = |times| Source::sample("README.md", &block.repeat(times));
    assert_eq!(set_up(&readme(2)), Vec::<String>::new());
    assert_eq!(set_up(&readme(3)).len(), 1);
    assert_eq!(set_up(&Source::sample("README.md", "```sh\nls\n```\n")).len(), 1);
}
