//! What is refused before anything is parsed, and what is let through is no deeper than was said.

use crate::limits::{DEPTH_MAX, Guard, NESTING_MAX, PATH_MAX, SOURCE_BYTES_MAX};
use crate::scan::hold;

fn guard(source: &str) -> Option<Guard> {
    hold(source).err().and_then(|defect| defect.guard())
}

#[test]
fn each_bound_is_held_at_its_figure() {
    let nested = |n: usize| format!("{}1{}", "(".repeat(n), ")".repeat(n));
    let chain = |n: usize| vec!["1"; n + 1].join("+");
    let text = |n: usize| format!("'{}'", "a".repeat(n - 2));
    for (source, expected) in [
        (text(SOURCE_BYTES_MAX), None),
        (text(SOURCE_BYTES_MAX + 1), Some(Guard::Size)),
        (nested(NESTING_MAX), None),
        (nested(NESTING_MAX + 1), Some(Guard::Nesting)),
        (format!("{}true", "!".repeat(NESTING_MAX + 1)), Some(Guard::Nesting)),
        (format!("1{}", " - -1".repeat(NESTING_MAX + 1)), Some(Guard::Nesting)),
        (format!("{}1", "true ? 1 : ".repeat(NESTING_MAX + 1)), Some(Guard::Nesting)),
        (chain(PATH_MAX - 1), None),
        (chain(PATH_MAX), Some(Guard::Depth)),
        (chain(1_500), Some(Guard::Depth)),
        (format!("a{}", ".b".repeat(PATH_MAX)), Some(Guard::Depth)),
        (format!("a{}", "[0]".repeat(PATH_MAX)), Some(Guard::Depth)),
        (format!("a{}", "()".repeat(PATH_MAX)), Some(Guard::Depth)),
        (format!("1{}", " in a".repeat(PATH_MAX)), Some(Guard::Depth)),
        (format!("x{}", ".optMap(y, y)".repeat(5)), Some(Guard::Doublings)),
        (format!("cel.block([{}1], 1)", "1,".repeat(PATH_MAX)), Some(Guard::Depth)),
    ] {
        assert_eq!(guard(&source), expected, "{}", source.get(..40).unwrap_or(&source));
    }
}

#[test]
fn what_stands_in_texts_and_comments_does_not_count() {
    let many = "(".repeat(NESTING_MAX + 1);
    for source in [
        format!("'{many}' == \"{many}\""),
        format!("'''{many}\n'{many}''' == ''"),
        format!("r'{many}\\' == b\"{many}\""),
        format!("'\\'{many}' == ''"),
        format!("true // {many}\n && true"),
        format!("`{many}` == 1"),
        format!("[{}]", "1 + 2,".repeat(PATH_MAX)),
    ] {
        assert_eq!(guard(&source), None, "{source}");
    }
}

#[test]
fn a_text_that_ends_early_hides_nothing() {
    let many = "(".repeat(NESTING_MAX + 1);
    for source in [
        format!("r'\\' == {many}"),
        format!("'' == {many}"),
        format!("\"\" == {many}"),
        format!("'a'{many}"),
        format!("''''''{many}"),
        format!("br'\\'{many}"),
        format!("`a`{many}"),
        format!("// a\n{many}"),
    ] {
        assert_eq!(guard(&source), Some(Guard::Nesting), "{source}");
    }
}

#[test]
fn the_bounds_are_in_order() {
    const { assert!(NESTING_MAX < DEPTH_MAX && DEPTH_MAX < PATH_MAX) };
}
