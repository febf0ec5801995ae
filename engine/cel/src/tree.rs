//! Trees of expressions: their parts, and how deep and large they are.

use cel_core::{Expr, SpannedExpr};

use crate::defect::{Defect, Fault};
use crate::limits::{DEPTH_MAX, Guard, NODES_MAX};

/// The parts of a node, in no order.
pub(crate) fn parts(expr: &SpannedExpr) -> Vec<&SpannedExpr> {
    match &expr.node {
        Expr::Null
        | Expr::Bool(_)
        | Expr::Int(_)
        | Expr::UInt(_)
        | Expr::Float(_)
        | Expr::String(_)
        | Expr::Bytes(_)
        | Expr::Ident(_)
        | Expr::RootIdent(_)
        | Expr::Error => Vec::new(),
        Expr::List(elements) => elements.iter().map(|element| &element.expr).collect(),
        Expr::Map(entries) => entries.iter().flat_map(|entry| [&entry.key, &entry.value]).collect(),
        Expr::Unary { expr, .. }
        | Expr::Member { expr, .. }
        | Expr::MemberTestOnly { expr, .. } => {
            vec![expr]
        }
        Expr::Binary { left, right, .. } => vec![left, right],
        Expr::Ternary { cond, then_expr, else_expr } => vec![cond, then_expr, else_expr],
        Expr::Index { expr, index, .. } => vec![expr, index],
        Expr::Call { expr, args } => std::iter::once(&**expr).chain(args).collect(),
        Expr::Struct { type_name, fields } => {
            std::iter::once(&**type_name).chain(fields.iter().map(|field| &field.value)).collect()
        }
        Expr::Comprehension(data) => vec![
            &data.iter_range,
            &data.accu_init,
            &data.loop_condition,
            &data.loop_step,
            &data.result,
        ],
        Expr::Bind { init, body, .. } => vec![init, body],
    }
}

/// The parts of a node, to change.
pub(crate) fn parts_mut(expr: &mut SpannedExpr) -> Vec<&mut SpannedExpr> {
    match &mut expr.node {
        Expr::Null
        | Expr::Bool(_)
        | Expr::Int(_)
        | Expr::UInt(_)
        | Expr::Float(_)
        | Expr::String(_)
        | Expr::Bytes(_)
        | Expr::Ident(_)
        | Expr::RootIdent(_)
        | Expr::Error => Vec::new(),
        Expr::List(elements) => elements.iter_mut().map(|element| &mut element.expr).collect(),
        Expr::Map(entries) => {
            entries.iter_mut().flat_map(|entry| [&mut entry.key, &mut entry.value]).collect()
        }
        Expr::Unary { expr, .. }
        | Expr::Member { expr, .. }
        | Expr::MemberTestOnly { expr, .. } => {
            vec![expr]
        }
        Expr::Binary { left, right, .. } => vec![left, right],
        Expr::Ternary { cond, then_expr, else_expr } => vec![cond, then_expr, else_expr],
        Expr::Index { expr, index, .. } => vec![expr, index],
        Expr::Call { expr, args } => std::iter::once(&mut **expr).chain(args).collect(),
        Expr::Struct { type_name, fields } => {
            let fields = fields.iter_mut().map(|field| &mut field.value);
            std::iter::once(&mut **type_name).chain(fields).collect()
        }
        Expr::Comprehension(data) => vec![
            &mut data.iter_range,
            &mut data.accu_init,
            &mut data.loop_condition,
            &mut data.loop_step,
            &mut data.result,
        ],
        Expr::Bind { init, body, .. } => vec![init, body],
    }
}

/// Holds a tree to its bounds, without recursion.
pub(crate) fn hold(root: &SpannedExpr) -> Result<(), Defect> {
    let mut nodes = 0;
    let mut todo = vec![(root, 1)];
    while let Some((expr, depth)) = todo.pop() {
        nodes += 1;
        for (found, most) in [(depth, DEPTH_MAX), (nodes, NODES_MAX)] {
            if found > most {
                let fault = Fault::over(Guard::Depth, found, most);
                return Err(Defect::new(expr.span.clone(), fault));
            }
        }
        todo.extend(parts(expr).into_iter().map(|part| (part, depth + 1)));
    }
    Ok(())
}
