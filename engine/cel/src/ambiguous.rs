//! Results that the checker cannot know: of an operator or function with operands that are known
//! only at run time, it takes the last overload's. Here they are made known only at run time too.

use std::collections::HashSet;

use cel_core::{CelType, CheckResult, Env, Expr, SpannedExpr};

use crate::tree::{parts, parts_mut};

/// Rounds of checking: each finds what the one before made unknown. Nested arithmetic over
/// `metadata` takes as many as it is deep; what is left then is refused for its kinds.
const ROUNDS_MAX: usize = 8;

/// Checks a tree until no result in it is one of several.
pub(crate) fn check(env: &Env, root: &mut SpannedExpr) -> CheckResult {
    let mut unknown = HashSet::new();
    let mut checked = env.check(root);
    for _ in 0..ROUNDS_MAX {
        let found = ambiguous(env, root, &checked, &unknown);
        if found.is_empty() {
            break;
        }
        wrap(root, &found);
        unknown.extend(found);
        checked = env.check(root);
    }
    for id in unknown {
        checked.type_map.insert(id, CelType::Dyn);
    }
    checked
}

/// The nodes whose overloads differ in their results, and that are not known for it yet.
fn ambiguous(
    env: &Env,
    root: &SpannedExpr,
    checked: &CheckResult,
    known: &HashSet<i64>,
) -> HashSet<i64> {
    let mut found = HashSet::new();
    let mut todo = vec![root];
    while let Some(expr) = todo.pop() {
        if !known.contains(&expr.id) && differs(env, checked, expr.id) {
            found.insert(expr.id);
        }
        todo.extend(parts(expr));
    }
    found
}

fn differs(env: &Env, checked: &CheckResult, id: i64) -> bool {
    let Some(reference) = checked.reference_map.get(&id) else { return false };
    if reference.overload_ids.len() < 2 {
        return false;
    }
    let Some(function) = env.functions().get(&reference.name) else { return false };
    let chosen = function.overloads.iter().filter(|o| reference.overload_ids.contains(&o.id));
    chosen.map(|overload| &overload.result).collect::<HashSet<_>>().len() > 1
}

/// Puts `dyn(…)` around nodes. It is a function of the library, and no work at run time.
fn wrap(root: &mut SpannedExpr, found: &HashSet<i64>) {
    let mut todo = vec![root];
    while let Some(expr) = todo.pop() {
        if !found.contains(&expr.id) || is_wrapped(expr) {
            todo.extend(parts_mut(expr));
            continue;
        }
        let (span, inner) = (expr.span.clone(), SpannedExpr::new(0, Expr::Null, 0..0));
        let inner = std::mem::replace(expr, inner);
        let callee = SpannedExpr::new(0, Expr::Ident("dyn".to_owned()), span.clone());
        // The node around has no number of its own: the one inside is what was found.
        expr.node = Expr::Call { expr: Box::new(callee), args: vec![inner] };
        expr.span = span;
        if let Expr::Call { args, .. } = &mut expr.node {
            todo.extend(args.iter_mut().flat_map(parts_mut));
        }
    }
}

fn is_wrapped(expr: &SpannedExpr) -> bool {
    matches!(&expr.node, Expr::Call { expr: callee, .. }
        if expr.id == 0 && matches!(&callee.node, Expr::Ident(name) if name == "dyn"))
}
