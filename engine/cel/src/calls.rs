//! Calls: readers with literal arguments become slots; functions and methods must exist.

use std::ops::Range;

use cel_core::{Expr, SpannedExpr};

use crate::defect::{Defect, Fault};
use crate::money::{self, USD};
use crate::names::{Lookup, path};
use crate::value::Type;
use crate::vocabulary::{Argument, Cell, Slot};

// === impl Lookup ===

impl Lookup<'_> {
    pub(crate) fn call(
        &mut self,
        id: i64,
        span: Range<usize>,
        callee: SpannedExpr,
        args: Vec<SpannedExpr>,
    ) -> (SpannedExpr, bool) {
        let free = path(&callee).filter(|(path, rooted)| {
            let first = path.split('.').next().unwrap_or_default();
            *rooted || !path.contains('.') || !self.locals.iter().any(|(name, _)| name == first)
        });
        let (node, money) = match free {
            Some((name, _)) if self.reader(&name).is_some() => self.read(&name, &span, &args),
            Some((name, _)) if name == USD => (self.amount(&span, &args), true),
            Some((name, _)) if self.is_function(&name) => {
                let args = self.all(args);
                (Expr::Call { expr: Box::new(callee), args }, false)
            }
            Some((name, _)) if self.is_free(&name) => {
                self.unknown("function", &name, &callee.span);
                (Expr::Call { expr: Box::new(callee), args }, false)
            }
            _ => (self.method(callee, args), false),
        };
        (SpannedExpr { id, node, span }, money)
    }

    fn all(&mut self, args: Vec<SpannedExpr>) -> Vec<SpannedExpr> {
        args.into_iter().map(|arg| self.expr(arg).0).collect()
    }

    fn method(&mut self, callee: SpannedExpr, args: Vec<SpannedExpr>) -> Expr {
        let SpannedExpr { id, node, span } = callee;
        let Expr::Member { expr: receiver, field, optional } = node else {
            let fault = Fault::Syntax("only a name can be called".to_owned());
            self.defects.push(Defect::new(span.clone(), fault));
            return Expr::Call { expr: Box::new(SpannedExpr { id, node, span }), args };
        };
        if !self.env.functions().contains_key(&field) {
            let name = span.end.saturating_sub(field.len())..span.end;
            self.unknown("method", &field, &name);
        }
        let receiver = Box::new(self.expr(*receiver).0);
        let node = Expr::Member { expr: receiver, field, optional };
        Expr::Call { expr: Box::new(SpannedExpr { id, node, span }), args: self.all(args) }
    }

    fn is_function(&self, name: &str) -> bool {
        self.env.functions().contains_key(name)
    }

    fn reader(&self, name: &str) -> Option<usize> {
        self.vocabulary.readers().iter().position(|reader| reader.path == name)
    }

    /// Whether what is called is no method of a value: nothing of the name before it is declared.
    fn is_free(&self, name: &str) -> bool {
        let first = name.split('.').next().unwrap_or_default();
        let begins = |path: &str| path.split('.').next() == Some(first);
        let declared = self.vocabulary.names().iter().any(|name| begins(&name.path));
        !name.contains('.') || !(declared || self.env.variables().contains_key(first))
    }

    /// `usd('5.00')`.
    fn amount(&mut self, span: &Range<usize>, args: &[SpannedExpr]) -> Expr {
        let [SpannedExpr { node: Expr::String(text), span, .. }] = args else {
            let what = "`usd` takes one text in quotes".to_owned();
            let help = "write `usd('5.00')`".to_owned();
            self.defects.push(Defect::new(span.clone(), Fault::Argument { what, help }));
            return Expr::Null;
        };
        match money::literal(text) {
            Ok(nanos) => {
                self.constants.push((cel_core::Value::Int(nanos), Type::Money));
                Expr::Ident(Cell::Constant(self.constants.len() - 1).ident())
            }
            Err(fault) => {
                self.defects.push(Defect::new(span.clone(), fault));
                Expr::Null
            }
        }
    }

    /// A reader with its arguments, which must be texts in quotes.
    fn read(&mut self, name: &str, span: &Range<usize>, args: &[SpannedExpr]) -> (Expr, bool) {
        let Some((index, reader)) = self
            .reader(name)
            .and_then(|index| Some((index, self.vocabulary.readers().get(index)?.clone())))
        else {
            return (Expr::Null, false);
        };
        let money = reader.kind == Type::Money;
        let texts: Vec<Option<Argument<'_>>> = args.iter().map(argument).collect();
        let found = match texts.into_iter().collect::<Option<Vec<_>>>() {
            Some(texts) if texts.len() == reader.arguments => self.declare(index, &texts),
            _ => {
                let what = format!(
                    "`{name}` takes {}, which must be known when the file is read",
                    arguments(reader.arguments)
                );
                let help = format!("write it as `{}`", reader.example);
                Err(Defect::new(span.clone(), Fault::Argument { what, help }))
            }
        };
        match found {
            Ok(number) => {
                self.reads.push((number, reader.kind));
                (Expr::Ident(Cell::Slot(Slot::Read(number)).ident()), money)
            }
            Err(defect) => {
                self.defects.push(defect);
                (Expr::Null, money)
            }
        }
    }

    fn declare(&mut self, reader: usize, texts: &[Argument<'_>]) -> Result<usize, Defect> {
        let plain: Vec<&str> = texts.iter().map(|(text, _)| *text).collect();
        self.vocabulary.read(reader, &plain).map_err(|objection| {
            let span = texts.get(objection.argument).map_or(0..0, |(_, span)| span.clone());
            let (what, help) = (objection.what, objection.help);
            Defect::new(span, Fault::Argument { what, help })
        })
    }
}

fn argument(expr: &SpannedExpr) -> Option<Argument<'_>> {
    match &expr.node {
        Expr::String(text) => Some((text, expr.span.clone())),
        _ => None,
    }
}

fn arguments(count: usize) -> String {
    if count == 1 { "one text in quotes".to_owned() } else { format!("{count} texts in quotes") }
}
