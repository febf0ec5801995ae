//! The tree that is run: functions that pay for steps stand wherever work or values can grow.
//!
//! | what | pays |
//! |---|---|
//! | a comprehension | its rounds × the nodes of a round, before the first round |
//! | a text, list or map that is made | its size, at once: the next larger one is not made |
//! | a text or list that is compared or looked through | its size |
//!
//! Numbers, names and literals of bounded length pay nothing: the source bounds how many there are.
//! Literal texts and lists become constants of the program, patterns are compiled, and `has(…)` of
//! something that errs is an error, where the library says false.

use std::collections::{BTreeSet, HashMap};
use std::ops::Range;

use cel_core::{
    Ast, BinaryOp, CelType, ComprehensionData, Env, Expr, FunctionDecl, SpannedExpr, Value,
};

use crate::check;
use crate::defect::{Defect, Fault};
use crate::functions;
use crate::limits::{COMPREHENSIONS_MAX, Guard};
use crate::meter;
use crate::money;
use crate::names::path;
use crate::program::Constants;
use crate::tree::parts;
use crate::vocabulary::Cell;

/// Functions of the library whose results are numbers, flags or instants, whatever they are given.
const SCALAR: [&str; 32] = [
    "size",
    "int",
    "uint",
    "double",
    "bool",
    "timestamp",
    "duration",
    "contains",
    "startsWith",
    "endsWith",
    "matches",
    "hasValue",
    "indexOf",
    "lastIndexOf",
    "getFullYear",
    "getMonth",
    "getDate",
    "getDayOfMonth",
    "getDayOfWeek",
    "getDayOfYear",
    "getHours",
    "getMinutes",
    "getSeconds",
    "getMilliseconds",
    "math.abs",
    "math.ceil",
    "math.floor",
    "math.round",
    "math.trunc",
    "math.sign",
    "math.isNaN",
    "type",
];

/// The making of one tree.
pub(crate) struct Guarding<'a> {
    pub(crate) types: &'a HashMap<i64, CelType>,
    pub(crate) env: &'a Env,
    pub(crate) constants: Vec<Value>,
    /// Functions of this tree alone: patterns, and comprehensions with their weight.
    pub(crate) own: Vec<FunctionDecl>,
    /// Names of the library's functions that the tree calls.
    pub(crate) called: BTreeSet<String>,
    pub(crate) defects: Vec<Defect>,
    /// Comprehensions around.
    pub(crate) around: usize,
}

// === impl Guarding ===

impl Guarding<'_> {
    pub(crate) fn expr(&mut self, expr: SpannedExpr) -> SpannedExpr {
        let SpannedExpr { id, node, span } = expr;
        let node = match node {
            Expr::String(text) => self.constant(Value::from(text)),
            Expr::Bytes(bytes) => self.constant(Value::from(bytes)),
            Expr::Binary { op, left, right } => self.binary(op, *left, *right),
            Expr::Call { expr: callee, args } => self.call(&span, *callee, args),
            Expr::Comprehension(data) => self.comprehension(&span, data),
            Expr::MemberTestOnly { expr, field } => {
                let field = leaf(self.constant(Value::from(field)));
                let inner = self.plain(*expr);
                self.own_call("@has", vec![inner, field])
            }
            Expr::Ternary { cond, then_expr, else_expr } => {
                let (one, other) = (self.kind(&then_expr), self.kind(&else_expr));
                self.same_money(&span, &one, &other);
                Expr::Ternary {
                    cond: Box::new(self.plain(*cond)),
                    then_expr: Box::new(self.expr(*then_expr)),
                    else_expr: Box::new(self.expr(*else_expr)),
                }
            }
            Expr::Bind { var_name, init, body } => Expr::Bind {
                var_name,
                init: Box::new(self.expr(*init)),
                body: Box::new(self.expr(*body)),
            },
            other => self.parts(other),
        };
        SpannedExpr { id, node, span }
    }

    /// Nodes that only have parts.
    fn parts(&mut self, node: Expr) -> Expr {
        match node {
            Expr::List(mut elements) => {
                elements.iter_mut().for_each(|element| self.replace(&mut element.expr));
                let constant = elements.iter().all(|e| !e.optional && is_constant(&e.expr));
                self.made(Expr::List(elements), constant)
            }
            Expr::Map(mut entries) => {
                for entry in &mut entries {
                    self.replace(&mut entry.key);
                    self.replace(&mut entry.value);
                }
                let constant = entries.iter().all(|entry| {
                    !entry.optional && is_constant(&entry.key) && is_constant(&entry.value)
                });
                self.made(Expr::Map(entries), constant)
            }
            Expr::Unary { op, expr } => Expr::Unary { op, expr: Box::new(self.plain(*expr)) },
            Expr::Member { expr, field, optional } => {
                Expr::Member { expr: Box::new(self.plain(*expr)), field, optional }
            }
            Expr::Index { expr, index, optional } => {
                let inner = self.plain(*expr);
                let inner = if is_cell(&inner) { inner } else { self.paid(inner) };
                let index = self.plain(*index);
                Expr::Index { expr: Box::new(inner), index: Box::new(index), optional }
            }
            other => other,
        }
    }

    /// A list or map: a constant where it is literal, else one that is paid for.
    fn made(&mut self, node: Expr, constant: bool) -> Expr {
        if constant && let Some(value) = self.fold(&node) {
            return self.constant(value);
        }
        self.own_call("@size", vec![leaf(node)])
    }

    fn fold(&self, node: &Expr) -> Option<Value> {
        let ast = Ast::new_unchecked(leaf(node.clone()), "");
        let value = Env::new().program(&ast).ok()?.eval(&Constants(&self.constants));
        (!value.is_error()).then_some(value)
    }

    fn binary(&mut self, op: BinaryOp, left: SpannedExpr, right: SpannedExpr) -> Expr {
        let numbers = self.is_scalar(&left) && self.is_scalar(&right);
        let (left, right) = (self.plain(left), self.plain(right));
        let small = self.is_small(&left) || self.is_small(&right);
        let (left, right) = match op {
            BinaryOp::Eq
            | BinaryOp::Ne
            | BinaryOp::Lt
            | BinaryOp::Le
            | BinaryOp::Gt
            | BinaryOp::Ge
                if !small =>
            {
                (self.paid(left), self.paid(right))
            }
            BinaryOp::In => (left, self.paid(right)),
            _ => (left, right),
        };
        let node = Expr::Binary { op, left: Box::new(left), right: Box::new(right) };
        let grows = op == BinaryOp::Add && !numbers;
        if grows { self.own_call("@size", vec![leaf(node)]) } else { node }
    }

    fn call(&mut self, span: &Range<usize>, callee: SpannedExpr, args: Vec<SpannedExpr>) -> Expr {
        let free = path(&callee).map(|(name, _)| name);
        let free = free.filter(|name| self.env.functions().contains_key(name));
        let (name, receiver) = match (free, callee) {
            (Some(name), callee) => (name, Err(callee)),
            (None, SpannedExpr { node: Expr::Member { expr, field, optional }, id, span }) => {
                (field.clone(), Ok((*expr, field, optional, id, span)))
            }
            (None, callee) => (String::new(), Err(callee)),
        };
        if let Some(op) = money::named(&name) {
            return self.of_money(span, op, args);
        }
        if name == "matches" {
            let receiver = receiver.ok().map(|(receiver, ..)| receiver);
            return self.matches(span, receiver, args);
        }
        let grows = !SCALAR.contains(&name.as_str());
        self.called.insert(name);
        let args = args.into_iter().map(|arg| self.looked_through(arg)).collect();
        let callee = match receiver {
            Ok((receiver, field, optional, id, span)) => {
                let expr = Box::new(self.looked_through(receiver));
                SpannedExpr { id, node: Expr::Member { expr, field, optional }, span }
            }
            Err(callee) => callee,
        };
        let node = Expr::Call { expr: Box::new(callee), args };
        if grows { self.own_call("@size", vec![leaf(node)]) } else { node }
    }

    /// An operator of money: at run time one of whole numbers.
    fn of_money(&mut self, span: &Range<usize>, op: BinaryOp, args: Vec<SpannedExpr>) -> Expr {
        let kinds: Vec<CelType> = args.iter().map(|arg| self.kind(arg)).collect();
        let mut args = args.into_iter();
        let (Some(left), Some(right)) = (args.next(), args.next()) else { return Expr::Null };
        if let [one, other] = kinds.as_slice() {
            self.money(span, op, one, other);
        }
        let [left, right] = [left, right].map(|operand| Box::new(self.expr(operand)));
        Expr::Binary { op, left, right }
    }

    /// An operand of a function, which may look through all of it.
    fn looked_through(&mut self, expr: SpannedExpr) -> SpannedExpr {
        let scalar = self.is_scalar(&expr);
        let expr = self.plain(expr);
        if scalar || self.is_small(&expr) { expr } else { self.paid(expr) }
    }

    /// Whether a part, before it is guarded, is a number, a flag or an instant for certain. The
    /// checker's kinds do not suffice: it takes `[1, dyn(x)]` for a list of numbers.
    fn is_scalar(&self, expr: &SpannedExpr) -> bool {
        match &expr.node {
            Expr::Null | Expr::Bool(_) | Expr::Int(_) | Expr::UInt(_) | Expr::Float(_) => true,
            Expr::Ident(name) => Cell::of(name).is_some() && is_scalar(&self.kind(expr)),
            Expr::Unary { expr, .. } => self.is_scalar(expr),
            Expr::Binary { op: BinaryOp::Add, left, right } => {
                self.is_scalar(left) && self.is_scalar(right)
            }
            Expr::Binary { .. } | Expr::MemberTestOnly { .. } => true,
            Expr::Ternary { then_expr, else_expr, .. } => {
                self.is_scalar(then_expr) && self.is_scalar(else_expr)
            }
            Expr::Call { expr: callee, .. } => {
                let method = match &callee.node {
                    Expr::Member { field, .. } => Some(field.as_str()),
                    _ => None,
                };
                let name = path(callee).map(|(name, _)| name);
                let scalar = |name: &str| SCALAR.contains(&name) || money::named(name).is_some();
                name.as_deref().is_some_and(scalar) || method.is_some_and(scalar)
            }
            _ => false,
        }
    }

    /// Whether a part, once it is guarded, has a bounded size: a literal, or a declared name that
    /// is a number or a text.
    fn is_small(&self, expr: &SpannedExpr) -> bool {
        let kind = || self.kind(expr);
        is_constant(expr) || (is_cell(expr) && (is_scalar(&kind()) || kind() == CelType::String))
    }

    fn matches(
        &mut self,
        span: &Range<usize>,
        receiver: Option<SpannedExpr>,
        args: Vec<SpannedExpr>,
    ) -> Expr {
        let mut operands = receiver.into_iter().chain(args);
        let (text, pattern) = (operands.next(), operands.next());
        let (Some(text), Some(pattern)) = (text, pattern) else { return Expr::Null };
        let Expr::String(words) = &pattern.node else {
            let what = "the pattern of `matches` must be known when the file is read".to_owned();
            self.defects.push(Defect::new(pattern.span, Fault::Pattern(what)));
            return Expr::Null;
        };
        let name = format!("@matches{}", self.own.len());
        match functions::matches(&name, words) {
            Ok(function) => self.own.push(function),
            Err(fault) => {
                let at = if pattern.span.is_empty() { span.clone() } else { pattern.span };
                self.defects.push(Defect::new(at, fault));
            }
        }
        let text = self.plain(text);
        call(&name, vec![text])
    }

    fn comprehension(&mut self, span: &Range<usize>, mut data: ComprehensionData) -> Expr {
        self.around += 1;
        if self.around > COMPREHENSIONS_MAX {
            let fault = Fault::over(Guard::Comprehensions, self.around, COMPREHENSIONS_MAX);
            self.defects.push(Defect::new(span.clone(), fault));
        }
        for part in [&mut data.accu_init, &mut data.loop_condition, &mut data.loop_step] {
            self.replace(part);
        }
        self.around -= 1;
        self.replace(&mut data.result);
        let weight = self.weight(&data.loop_condition) + self.weight(&data.loop_step);
        self.replace(&mut data.iter_range);
        let name = format!("@rounds{}", self.own.len());
        self.own.push(functions::rounds(&name, weight));
        let range = std::mem::replace(&mut *data.iter_range, leaf(Expr::Null));
        *data.iter_range = leaf(call(&name, vec![range]));
        Expr::Comprehension(data)
    }

    /// Nodes of a part, and the sizes of the constants in it.
    fn weight(&self, root: &SpannedExpr) -> u64 {
        let mut sum = 0_u64;
        let mut todo = vec![root];
        while let Some(expr) = todo.pop() {
            sum += 1;
            if let Expr::Ident(name) = &expr.node
                && let Some(Cell::Constant(number)) = Cell::of(name)
                && let Some(value) = self.constants.get(number)
            {
                sum += meter::size(value, u64::MAX);
            }
            todo.extend(parts(expr));
        }
        sum
    }

    /// A part that must not be money.
    fn plain(&mut self, expr: SpannedExpr) -> SpannedExpr {
        if self.kind(&expr) == check::money() {
            let what = "money can be compared, added, subtracted, multiplied and divided by a \
                        whole number, and nothing else"
                .to_owned();
            let help = "compare it where it stands, such as `spend.day('agent') > 5.00`".to_owned();
            self.defects.push(Defect::new(expr.span.clone(), Fault::Type { what, help }));
        }
        self.expr(expr)
    }

    fn replace(&mut self, expr: &mut SpannedExpr) {
        let old = std::mem::replace(expr, leaf(Expr::Null));
        *expr = self.plain(old);
    }

    /// Whether an operator may take such operands, where one of them is money: what is known only
    /// at run time could be a plain number.
    fn money(&mut self, span: &Range<usize>, op: BinaryOp, one: &CelType, other: &CelType) {
        let money = check::money();
        let fits = match op {
            BinaryOp::Mul => {
                (*one == money && *other == CelType::Int)
                    || (*one == CelType::Int && *other == money)
            }
            BinaryOp::Div => *one == money && *other == CelType::Int,
            _ => return self.same_money(span, one, other),
        };
        if !fits && (*one == money || *other == money) {
            self.not_money(span);
        }
    }

    fn same_money(&mut self, span: &Range<usize>, one: &CelType, other: &CelType) {
        if (*one == check::money()) != (*other == check::money()) {
            self.not_money(span);
        }
    }

    fn not_money(&mut self, span: &Range<usize>) {
        let what = "one side is money, the other is not known to be".to_owned();
        let help = "write the amount as a number such as `5.00`, or as `usd('5.00')`; a factor is \
                    a whole number"
            .to_owned();
        self.defects.push(Defect::new(span.clone(), Fault::Type { what, help }));
    }

    fn kind(&self, expr: &SpannedExpr) -> CelType {
        self.types.get(&expr.id).cloned().unwrap_or(CelType::Dyn)
    }

    fn paid(&mut self, expr: SpannedExpr) -> SpannedExpr {
        if is_constant(&expr) || is_paid(&expr) {
            return expr;
        }
        leaf(self.own_call("@size", vec![expr]))
    }

    fn own_call(&mut self, name: &str, args: Vec<SpannedExpr>) -> Expr {
        self.called.insert(name.to_owned());
        call(name, args)
    }

    fn constant(&mut self, value: Value) -> Expr {
        self.constants.push(value);
        Expr::Ident(Cell::Constant(self.constants.len() - 1).ident())
    }
}

fn call(name: &str, args: Vec<SpannedExpr>) -> Expr {
    Expr::Call { expr: Box::new(leaf(Expr::Ident(name.to_owned()))), args }
}

/// A node that stands in no text.
const fn leaf(node: Expr) -> SpannedExpr {
    SpannedExpr { id: 0, node, span: 0..0 }
}

/// Kinds whose values are small whatever they are.
fn is_scalar(kind: &CelType) -> bool {
    matches!(
        kind,
        CelType::Bool
            | CelType::Int
            | CelType::UInt
            | CelType::Double
            | CelType::Null
            | CelType::Timestamp
            | CelType::Duration
            | CelType::Type(_)
            | CelType::Abstract { .. }
    )
}

fn is_cell(expr: &SpannedExpr) -> bool {
    matches!(&expr.node, Expr::Ident(name) if Cell::of(name).is_some())
}

fn is_constant(expr: &SpannedExpr) -> bool {
    match &expr.node {
        Expr::Null | Expr::Bool(_) | Expr::Int(_) | Expr::UInt(_) | Expr::Float(_) => true,
        Expr::Ident(name) => matches!(Cell::of(name), Some(Cell::Constant(_))),
        _ => false,
    }
}

fn is_paid(expr: &SpannedExpr) -> bool {
    let Expr::Call { expr: callee, .. } = &expr.node else { return false };
    matches!(&callee.node, Expr::Ident(name) if name == "@size")
}
