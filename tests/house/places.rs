//! That the pages say where new things go, that these places are there, and how long each host is.

use crate::source::{Source, all, none, root};

/// The pages with a table of places.
const PAGES: [&str; 2] = ["engine/README.md", "hosts/README.md"];
/// How each of these tables begins.
const HEAD: &str = "| what is new | goes | ";
/// What each page has a row for.
const ROWS: [&str; 4] =
    ["a second host", "a tenth vendor", "a second organization", "a new kind of condition"];

/// The page with the lines of each host.
const HOSTS: &str = "hosts/README.md";
/// A figure of that table may be so many parts of a hundred off.
const OFF_MAX: usize = 10;
/// The most lines of the example, without those that are blank, comments or imports.
const EXAMPLE_MAX: usize = 60;

fn page<'a>(sources: &'a [Source], path: &str) -> &'a Source {
    sources.iter().find(|source| source.path == path).unwrap_or_else(|| panic!("{path}: write it"))
}

/// What is missing of a page's places; `is_there` says which paths are there.
fn misplaced(page: &Source, is_there: impl Fn(&str) -> bool) -> Vec<String> {
    let rows: Vec<_> = page.lines().skip_while(|(_, line)| !line.starts_with(HEAD)).collect();
    let mut findings = Vec::new();
    for row in ROWS {
        let Some((number, line)) = rows.iter().find(|(_, line)| line.contains(row)) else {
            findings.push(page.finding(1, format!("no row says where {row} goes")));
            continue;
        };
        let places: Vec<_> =
            line.split('`').skip(1).step_by(2).filter(|p| p.contains('/')).collect();
        if places.is_empty() {
            findings.push(page.finding(*number, "name the place: a path in backticks"));
        }
        let gone = places.iter().filter(|place| !is_there(place));
        findings.extend(gone.map(|place| page.finding(*number, format!("`{place}` is not there"))));
    }
    findings
}

/// Lines of a host's own code: not its tests.
fn lines(sources: &[Source], host: &str) -> usize {
    let folder = format!("hosts/{host}/src/");
    let own = sources.iter().filter(|s| s.path.starts_with(&folder) && s.is(&[".rs"]));
    let own = own.filter(|source| !source.path.ends_with("/tests.rs"));
    own.map(|source| source.text.lines().take_while(|line| *line != "#[cfg(test)]").count()).sum()
}

fn code(text: &str) -> usize {
    let counts = |line: &&str| {
        let line = line.trim();
        !(line.is_empty() || line.starts_with("//") || line.starts_with("use "))
    };
    text.lines().filter(counts).count()
}

#[test]
fn new_things_have_a_place() {
    let sources = all();
    let findings = PAGES
        .iter()
        .flat_map(|path| misplaced(page(&sources, path), |place| root().join(place).exists()));
    none(&findings.collect::<Vec<_>>());
}

#[test]
fn the_hosts_are_as_long_as_their_page_says() {
    let sources = all();
    let page = page(&sources, HOSTS);
    let mut findings = Vec::new();
    for host in ["gateway", "example"] {
        let (start, is) = (format!("| `hosts/{host}` | "), lines(&sources, host));
        let row =
            page.lines().find_map(|(number, line)| Some((number, line.strip_prefix(&start)?)));
        let told = row.and_then(|(number, rest)| {
            let figure = rest.split(' ').next()?.replace(',', "").parse::<usize>().ok()?;
            Some((number, figure))
        });
        match told {
            None => {
                let say = format!("`{host}` has no row: it has {is} lines");
                findings.push(page.finding(1, say));
            }
            Some((number, told)) if told.abs_diff(is) * 100 > is * OFF_MAX => {
                findings.push(page.finding(number, format!("`{host}` has {is} lines, not {told}")));
            }
            Some(_) => {}
        }
    }
    none(&findings);
}

#[test]
fn the_example_is_short() {
    let sources = all();
    let code = code(&page(&sources, "hosts/example/src/lib.rs").text);
    assert!(code <= EXAMPLE_MAX, "the example has {code} lines, at most {EXAMPLE_MAX}");
}

#[test]
fn a_place_that_is_not_there_is_seen() {
    let row = |what: &str| format!("| {what} | `a/b` | |\n");
    let rows: String = ROWS.iter().map(|what| row(what)).collect();
    let page = |text: String| Source::sample("hosts/README.md", &text);
    let whole = page(format!("{HEAD}how |\n|---|---|---|\n{rows}"));
    assert_eq!(misplaced(&whole, |_| true), Vec::<String>::new());
    assert_eq!(misplaced(&whole, |_| false).len(), ROWS.len());
    assert_eq!(misplaced(&page(rows), |_| true).len(), ROWS.len());
    assert_eq!(code("//! a\n\nuse b;\nfn c() {\n}\n"), 2);
}
