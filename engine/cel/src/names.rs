//! Names: each is looked up among what is declared, and a slot is put in its place.
//!
//! What is not declared is said with its nearest name. Literals beside money become money here,
//! from their text, so that `5.10` never is a float.

use std::ops::Range;

use cel_core::{BinaryOp, ComprehensionData, Env, Expr, SpannedExpr, UnaryOp, Value as Inner};

use crate::defect::{Defect, Fault};
use crate::money;
use crate::nearest::nearest;
use crate::value::Type;
use crate::vocabulary::{Cell, Slot, Vocabulary};

/// The lookup of one expression.
pub(crate) struct Lookup<'a> {
    pub(crate) source: &'a str,
    pub(crate) container: &'a str,
    pub(crate) env: &'a Env,
    pub(crate) vocabulary: &'a mut dyn Vocabulary,
    /// Variables of the comprehensions and bindings around, with whether they are money.
    pub(crate) locals: Vec<(String, bool)>,
    /// Values that the tree names by their number, with their kinds.
    pub(crate) constants: Vec<(Inner, Type)>,
    /// Kinds of what the vocabulary gave a number to.
    pub(crate) reads: Vec<(usize, Type)>,
    pub(crate) defects: Vec<Defect>,
}

/// A part of the tree after the lookup, and whether it is money.
type Found = (SpannedExpr, bool);

// === impl Lookup ===

impl Lookup<'_> {
    pub(crate) fn expr(&mut self, expr: SpannedExpr) -> Found {
        let SpannedExpr { id, node, span } = expr;
        let whole = |node| SpannedExpr { id, node, span: span.clone() };
        match node {
            Expr::Ident(_) | Expr::RootIdent(_) | Expr::Member { .. } => self.name(whole(node)),
            Expr::Binary { op, left, right } => self.binary(id, span, op, *left, *right),
            Expr::Ternary { cond, then_expr, else_expr } => {
                let cond = self.inner(*cond);
                let (then_expr, else_expr, money) = self.alike(*then_expr, *else_expr);
                let [then_expr, else_expr] = [then_expr, else_expr].map(Box::new);
                (whole(Expr::Ternary { cond, then_expr, else_expr }), money)
            }
            Expr::Bind { var_name, init, body } => {
                let (init, money) = self.expr(*init);
                self.locals.push((var_name.clone(), money));
                let (body, body_money) = self.expr(*body);
                self.locals.pop();
                let node = Expr::Bind { var_name, init: Box::new(init), body: Box::new(body) };
                (whole(node), body_money)
            }
            Expr::Call { expr: callee, args } => self.call(id, span, *callee, args),
            Expr::MemberTestOnly { expr: inner, field } => {
                (self.has(id, span, *inner, field), false)
            }
            other => (whole(self.parts(other)), false),
        }
    }

    /// Nodes whose parts are looked up one by one.
    fn parts(&mut self, node: Expr) -> Expr {
        match node {
            Expr::List(mut elements) => {
                elements.iter_mut().for_each(|element| self.replace(&mut element.expr));
                Expr::List(elements)
            }
            Expr::Map(mut entries) => {
                for entry in &mut entries {
                    self.replace(&mut entry.key);
                    self.replace(&mut entry.value);
                }
                Expr::Map(entries)
            }
            Expr::Unary { op, expr } => Expr::Unary { op, expr: self.inner(*expr) },
            Expr::Index { expr, index, optional } => {
                Expr::Index { expr: self.inner(*expr), index: self.inner(*index), optional }
            }
            Expr::Comprehension(comprehension) => {
                Expr::Comprehension(self.comprehension(comprehension))
            }
            Expr::Struct { type_name, fields } => {
                let help = "write a map: `{'name': value}`".to_owned();
                let what = "there are no messages to make".to_owned();
                self.defects.push(Defect::new(type_name.span.clone(), Fault::Type { what, help }));
                Expr::Struct { type_name, fields }
            }
            other => other,
        }
    }

    fn inner(&mut self, expr: SpannedExpr) -> Box<SpannedExpr> {
        Box::new(self.expr(expr).0)
    }

    fn replace(&mut self, expr: &mut SpannedExpr) {
        let empty = SpannedExpr::new(0, Expr::Null, 0..0);
        let (found, _) = self.expr(std::mem::replace(expr, empty));
        *expr = found;
    }

    fn comprehension(&mut self, mut data: ComprehensionData) -> ComprehensionData {
        self.replace(&mut data.iter_range);
        self.replace(&mut data.accu_init);
        let before = self.locals.len();
        for name in [&data.iter_var, &data.iter_var2, &data.accu_var] {
            self.locals.push((name.clone(), false));
        }
        self.replace(&mut data.loop_condition);
        self.replace(&mut data.loop_step);
        self.replace(&mut data.result);
        self.locals.truncate(before);
        data
    }

    fn binary(
        &mut self,
        id: i64,
        span: Range<usize>,
        op: BinaryOp,
        left: SpannedExpr,
        right: SpannedExpr,
    ) -> Found {
        let (left, right, money) = match op {
            BinaryOp::Mul | BinaryOp::Div => {
                let ((left, one), (right, other)) = (self.expr(left), self.expr(right));
                (left, right, one || other)
            }
            BinaryOp::Mod | BinaryOp::In | BinaryOp::And | BinaryOp::Or => {
                (self.expr(left).0, self.expr(right).0, false)
            }
            _ => self.alike(left, right),
        };
        if money && let Some((name, money)) = money::operator(op) {
            let callee = SpannedExpr::new(0, Expr::Ident(name.to_owned()), span.clone());
            let node = Expr::Call { expr: Box::new(callee), args: vec![left, right] };
            return (SpannedExpr { id, node, span }, money);
        }
        let node = Expr::Binary { op, left: Box::new(left), right: Box::new(right) };
        (SpannedExpr { id, node, span }, false)
    }

    /// Two operands that should be of one kind: a literal beside money becomes money.
    fn alike(&mut self, left: SpannedExpr, right: SpannedExpr) -> (SpannedExpr, SpannedExpr, bool) {
        let ((mut left, one), (mut right, other)) = (self.expr(left), self.expr(right));
        if one && !other {
            self.make_money(&mut right);
        }
        if other && !one {
            self.make_money(&mut left);
        }
        (left, right, one || other)
    }

    fn make_money(&mut self, expr: &mut SpannedExpr) {
        let literal = match &expr.node {
            Expr::Int(_) | Expr::Float(_) => true,
            Expr::Unary { op: UnaryOp::Neg, expr } => {
                matches!(expr.node, Expr::Int(_) | Expr::Float(_))
            }
            _ => false,
        };
        if !literal {
            return;
        }
        match money::literal(self.source.get(expr.span.clone()).unwrap_or_default()) {
            Ok(nanos) => expr.node = self.constant(Inner::Int(nanos), Type::Money),
            Err(fault) => self.defects.push(Defect::new(expr.span.clone(), fault)),
        }
    }

    fn constant(&mut self, value: Inner, kind: Type) -> Expr {
        self.constants.push((value, kind));
        Expr::Ident(Cell::Constant(self.constants.len() - 1).ident())
    }

    /// A name, or a chain of selections that begins with one.
    fn name(&mut self, expr: SpannedExpr) -> Found {
        let Some((path, rooted)) = path(&expr) else {
            let SpannedExpr { id, node, span } = expr;
            let Expr::Member { expr: inner, field, optional } = node else {
                return (SpannedExpr { id, node, span }, false);
            };
            let node = Expr::Member { expr: self.inner(*inner), field, optional };
            return (SpannedExpr { id, node, span }, false);
        };
        let first = path.split('.').next().unwrap_or_default();
        if !rooted && let Some((_, money)) = self.locals.iter().rev().find(|(n, _)| n == first) {
            let money = *money && path == first;
            return (expr, money);
        }
        self.declared(expr, &path, rooted)
    }

    /// A chain whose longest declared beginning becomes a slot.
    fn declared(&mut self, mut expr: SpannedExpr, path: &str, rooted: bool) -> Found {
        for prefix in self.prefixes(rooted) {
            let whole =
                if prefix.is_empty() { path.to_owned() } else { format!("{prefix}.{path}") };
            let mut here = whole.as_str();
            let mut behind = 0;
            while here.len() > prefix.len() {
                if let Some((cell, money)) = self.cell(here) {
                    let wanted = cell.ident();
                    let id = deepen(&mut expr, behind);
                    id.node = Expr::Ident(wanted);
                    return (expr, money && behind == 0);
                }
                let Some((shorter, _)) = here.rsplit_once('.') else { break };
                here = shorter;
                behind += 1;
            }
        }
        if !self.env.variables().contains_key(path) {
            self.unknown("name", path, &expr.span);
        }
        (expr, false)
    }

    fn cell(&self, path: &str) -> Option<(Cell, bool)> {
        let names = self.vocabulary.names();
        let index = names.iter().position(|name| name.path == path)?;
        let money = names.get(index).is_some_and(|name| name.kind == Type::Money);
        Some((Cell::Slot(Slot::Name(index)), money))
    }

    /// The container's namespaces from the innermost, and the root.
    fn prefixes(&self, rooted: bool) -> Vec<String> {
        let mut prefixes = Vec::new();
        let mut here = if rooted { "" } else { self.container };
        while !here.is_empty() {
            prefixes.push(here.to_owned());
            here = here.rsplit_once('.').map_or("", |(outer, _)| outer);
        }
        prefixes.push(String::new());
        prefixes
    }

    /// `has(call.cap)`: whether a declared name has a value, or a map a key.
    fn has(
        &mut self,
        id: i64,
        span: Range<usize>,
        inner: SpannedExpr,
        field: String,
    ) -> SpannedExpr {
        let name = path(&inner).map(|(path, _)| format!("{path}.{field}"));
        let local = |name: &String| {
            let first = name.split('.').next().unwrap_or_default();
            self.locals.iter().any(|(local, _)| local == first)
        };
        let name = name.filter(|name| !local(name));
        let found = name.as_ref().and_then(|name| {
            let names = self.vocabulary.names();
            let index = names.iter().position(|each| each.path == *name)?;
            names.get(index).map(|name| (index, name.optional))
        });
        let node = match (found, name) {
            (Some((index, true)), _) => Expr::Ident(Cell::Slot(Slot::Has(index)).ident()),
            (Some((_, false)), _) => Expr::Bool(true),
            (None, Some(name)) if self.is_namespace(&inner) => {
                self.unknown("name", &name, &span);
                Expr::Bool(true)
            }
            (None, _) => Expr::MemberTestOnly { expr: self.inner(inner), field },
        };
        SpannedExpr { id, node, span }
    }

    /// Whether a chain is no value, but the beginning of declared names, such as `call`.
    fn is_namespace(&self, expr: &SpannedExpr) -> bool {
        let Some((path, _)) = path(expr) else { return false };
        let (inside, names) = (format!("{path}."), self.vocabulary.names());
        let declared = names.iter().any(|name| name.path == path);
        !declared && names.iter().any(|name| name.path.starts_with(&inside))
    }

    pub(crate) fn unknown(&mut self, what: &'static str, name: &str, span: &Range<usize>) {
        let readers = self.vocabulary.readers().iter().map(|reader| reader.path.as_str());
        let names = self.vocabulary.names().iter().map(|name| name.path.as_str());
        let functions = self.env.functions().keys().map(String::as_str);
        let functions = functions.filter(|name| name.starts_with(|c: char| c.is_ascii_lowercase()));
        let nearest = match what {
            "name" => nearest(name, names),
            "function" => nearest(name, readers.chain(functions)),
            _ => nearest(name, functions),
        };
        let fault = Fault::Unknown { what, name: name.to_owned(), nearest };
        self.defects.push(Defect::new(span.clone(), fault));
    }
}

/// The names of a chain of plain selections, and whether it begins at the root.
pub(crate) fn path(expr: &SpannedExpr) -> Option<(String, bool)> {
    match &expr.node {
        Expr::Ident(name) => Some((name.clone(), false)),
        Expr::RootIdent(name) => Some((name.clone(), true)),
        Expr::Member { expr, field, optional: false } => {
            let (path, rooted) = path(expr)?;
            Some((format!("{path}.{field}"), rooted))
        }
        _ => None,
    }
}

/// The node that stands so many selections further in.
fn deepen(expr: &mut SpannedExpr, selections: usize) -> &mut SpannedExpr {
    let mut here = expr;
    for _ in 0..selections {
        let SpannedExpr { node: Expr::Member { expr: inner, .. }, .. } = here else { break };
        here = inner;
    }
    here
}
