//! The fenced blocks of the repository's pages, of its code's documentation, and its files.

use std::fs;
use std::path::{Path, PathBuf};

use pulldown_cmark::{CodeBlockKind, Event, Parser, Tag, TagEnd};

/// Folders that hold what tools made.
const MADE: [&str; 3] = ["target", "node_modules", "__pycache__"];

/// Files of Reins that stand on their own.
const WHOLE: [&str; 5] = [
    "engine/config/reins.example.toml",
    "engine/config/organizations/beta.example.toml",
    "hosts/cli/src/demo/reins.toml",
    "hosts/cli/src/bench/gateway.toml",
    "tests/clients/reins.toml",
];

/// A block of a page, or a whole file.
#[derive(Clone, Debug)]
pub(crate) struct Block {
    /// The page, from the repository's root.
    pub(crate) page: String,
    /// The line it begins on.
    pub(crate) line: usize,
    /// What it is, such as `toml` or `toml reins`.
    pub(crate) info: String,
    pub(crate) text: String,
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Every block of every page, and every whole file.
pub(crate) fn documents() -> Vec<Block> {
    let mut pages = Vec::new();
    walk(&root(), &mut pages);
    pages.sort();
    let mut all: Vec<Block> = pages.iter().flat_map(|path| of_page(path)).collect();
    all.extend(WHOLE.iter().map(|page| {
        let text = fs::read_to_string(root().join(page)).expect(page);
        Block { page: (*page).to_owned(), line: 1, info: "toml whole".to_owned(), text }
    }));
    all
}

fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if name.starts_with('.') || MADE.contains(&&*name) {
            continue;
        }
        if path.is_dir() {
            walk(&path, found);
        } else if path.extension().is_some_and(|ending| ending == "md" || ending == "rs") {
            found.push(path);
        }
    }
}

fn of_page(path: &Path) -> Vec<Block> {
    let page = path.strip_prefix(root()).expect("below the root").display().to_string();
    let text = fs::read_to_string(path).expect("a page");
    let text = if page.ends_with(".rs") { documentation(&text) } else { text };
    let (mut blocks, mut open): (Vec<Block>, Option<Block>) = (Vec::new(), None);
    for (event, at) in Parser::new(&text).into_offset_iter() {
        match event {
            Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(info))) => {
                let line = text.get(..at.start).unwrap_or_default().lines().count() + 1;
                let (page, info) = (page.clone(), info.trim().to_owned());
                open = Some(Block { page, line, info, text: String::new() });
            }
            Event::Text(piece) => {
                if let Some(block) = &mut open {
                    block.text.push_str(&piece);
                }
            }
            Event::End(TagEnd::CodeBlock) => blocks.extend(open.take()),
            _ => {}
        }
    }
    blocks
}

/// The doc comments of a file of code, line by line, so that lines keep their numbers.
fn documentation(code: &str) -> String {
    let line = |line: &str| {
        let line = line.trim_start();
        let text = line.strip_prefix("//!").or_else(|| line.strip_prefix("///"));
        text.map_or("", |text| text.strip_prefix(' ').unwrap_or(text)).to_owned() + "\n"
    };
    code.lines().map(line).collect()
}
