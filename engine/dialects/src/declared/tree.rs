//! Pointers side by side, as a tree that is walked along a document.

use super::declaration::DeclarationError;
use super::pointer::{Pointer, Step};

/// The most members of one object that rules may name: a bit each tells whether it was there.
const MEMBERS_MAX: usize = 64;

/// A place in a tree.
pub(super) type Place = usize;

/// The place where every document begins.
pub(super) const ROOT: Place = 0;

/// Rules by where they hold.
#[derive(Debug)]
pub(super) struct Tree<R> {
    nodes: Vec<Node<R>>,
}

/// What holds at one place, and where it goes on from there.
#[derive(Debug)]
pub(super) struct Node<R> {
    /// The members that rules name.
    pub(super) names: Vec<Box<str>>,
    /// Where each of them leads.
    pub(super) children: Vec<Place>,
    /// Where the items of a list lead.
    pub(super) each: Option<Place>,
    /// The rule for the value here.
    pub(super) role: Option<R>,
    /// The rule for everything below, where no other is there.
    pub(super) all: Option<R>,
}

// === impl Tree ===

impl<R> Default for Tree<R> {
    fn default() -> Self {
        Self { nodes: vec![Node::default()] }
    }
}

impl<R> Tree<R> {
    pub(super) fn node(&self, place: Place) -> Option<&Node<R>> {
        self.nodes.get(place)
    }

    pub(super) const fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Where a member leads.
    pub(super) fn child(&self, place: Place, name: &str) -> Option<Place> {
        let node = self.node(place)?;
        let index = node.names.iter().position(|known| **known == *name)?;
        node.children.get(index).copied()
    }

    /// Adds a rule; answers with the place where it holds.
    pub(super) fn add(&mut self, pointer: &Pointer, role: R) -> Result<Place, DeclarationError> {
        let place = self.place(pointer)?;
        let all = pointer.steps.last() == Some(&Step::All);
        let node = self.nodes.get_mut(place).ok_or(DeclarationError::Crowded)?;
        let slot = if all { &mut node.all } else { &mut node.role };
        match slot.replace(role) {
            Some(_) => Err(DeclarationError::Twice(pointer.clone())),
            None => Ok(place),
        }
    }

    /// Adds a rule that must be for one place.
    pub(super) fn add_plain(
        &mut self,
        pointer: &Pointer,
        role: R,
    ) -> Result<Place, DeclarationError> {
        if !pointer.is_plain() {
            return Err(DeclarationError::NotPlain(pointer.clone()));
        }
        self.add(pointer, role)
    }

    /// The place that a pointer leads to, made where it is not there.
    pub(super) fn place(&mut self, pointer: &Pointer) -> Result<Place, DeclarationError> {
        let mut at = ROOT;
        for step in &pointer.steps {
            at = match step {
                Step::Member(name) => self.member(at, name)?,
                Step::Each => self.items(at)?,
                Step::All => at,
            };
        }
        Ok(at)
    }

    fn member(&mut self, at: Place, name: &str) -> Result<Place, DeclarationError> {
        if let Some(child) = self.child(at, name) {
            return Ok(child);
        }
        let new = self.nodes.len();
        let node = self.nodes.get_mut(at).filter(|node| node.names.len() < MEMBERS_MAX);
        let node = node.ok_or(DeclarationError::Crowded)?;
        node.names.push(name.into());
        node.children.push(new);
        self.nodes.push(Node::default());
        Ok(new)
    }

    fn items(&mut self, at: Place) -> Result<Place, DeclarationError> {
        let new = self.nodes.len();
        let node = self.nodes.get_mut(at).ok_or(DeclarationError::Crowded)?;
        if let Some(each) = node.each {
            return Ok(each);
        }
        node.each = Some(new);
        self.nodes.push(Node::default());
        Ok(new)
    }
}

impl<R> Default for Node<R> {
    fn default() -> Self {
        Self { names: Vec::new(), children: Vec::new(), each: None, role: None, all: None }
    }
}
