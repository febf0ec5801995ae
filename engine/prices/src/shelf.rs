//! A shelf: the prices of one vendor, found by the name of a model.

use std::collections::HashMap;
use std::sync::Arc;

use reins_governor::Pattern;

use crate::Price;
use crate::names::undated;

/// The prices of one vendor. Looking one up allocates nothing.
#[derive(Clone, Debug, Default)]
pub(crate) struct Shelf {
    names: HashMap<Box<str>, Arc<Price>>,
    /// The longest first: it says the most.
    patterns: Vec<(Pattern, Arc<Price>)>,
}

// === impl Shelf ===

impl Shelf {
    /// Puts a price under a name; an earlier one under the same name is gone.
    pub(crate) fn name(&mut self, name: &str, price: &Arc<Price>) {
        self.names.insert(name.into(), Arc::clone(price));
    }

    /// Puts a price under a shape of names, behind longer ones and earlier ones of its length.
    pub(crate) fn pattern(&mut self, pattern: Pattern, price: &Arc<Price>) {
        if pattern.is_exact() {
            return self.name(pattern.text(), price);
        }
        let length = pattern.text().len();
        let at = self.patterns.partition_point(|(other, _)| other.text().len() >= length);
        self.patterns.insert(at, (pattern, Arc::clone(price)));
    }

    /// The price of `model`: by its name, else by the name it is a dated version of, else by the
    /// longest pattern.
    pub(crate) fn find(&self, model: &str) -> Option<&Arc<Price>> {
        self.names
            .get(model)
            .or_else(|| self.names.get(undated(model)?))
            .or_else(|| self.patterned(model))
    }

    fn patterned(&self, model: &str) -> Option<&Arc<Price>> {
        self.patterns.iter().find(|(pattern, _)| pattern.matches(model)).map(|(_, price)| price)
    }
}
