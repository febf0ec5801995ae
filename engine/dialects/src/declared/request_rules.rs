//! The rules of a request, ready to be walked along a body.

use reins_governor::{Endpoint, Tokens};

use super::declaration::{CapRule, DeclarationError, EndpointRules, RequestRules};
use super::pointer::Pointer;
use super::tree::{Place, ROOT, Tree};

/// What a value of a request is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    Model,
    Stream,
    /// The output cap, by which of its places: the first is the one that it is written to.
    Cap(usize),
    Choices,
    Messages,
    Prompts,
    Text,
    Image,
    Reference,
    Fee,
    Refused,
}

/// How the requests to one endpoint are read.
#[derive(Debug)]
pub(super) struct Rules {
    pub(super) kind: Endpoint,
    pub(super) tree: Tree<Role>,
    /// Whether the answer comes in pieces where nothing is said of it.
    pub(super) streams: bool,
    pub(super) cap: Option<Cap>,
    /// How it is known how many prompts there are.
    pub(super) prompts: Prompts,
}

/// Where the output cap is written.
#[derive(Debug)]
pub(super) struct Cap {
    /// The names that lead there.
    pub(super) names: Vec<Box<str>>,
    /// The places on the way: that of the body, and of each object inside, without the last name.
    pub(super) way: Vec<Place>,
    pub(super) default: Option<Tokens>,
}

/// How many prompts of a request are answered apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Prompts {
    /// One: a chat.
    One,
    /// As many as there are in one place.
    There,
    /// That is not known. Each has a byte of the body at least.
    Unknown,
}

// === impl Rules ===

impl Rules {
    pub(super) fn new(rules: &EndpointRules) -> Result<Self, DeclarationError> {
        let request = &rules.request;
        let mut tree = Tree::default();
        tree.add_plain(&request.model, Role::Model)?;
        if let Some(stream) = &request.stream {
            tree.add_plain(&stream.pointer, Role::Stream)?;
        }
        let cap = match &request.cap {
            Some(cap) => Some(Cap::new(&mut tree, cap)?),
            None => None,
        };
        inputs(&mut tree, request)?;
        let prompts = match (&request.messages, &request.prompts) {
            (_, Some(_)) => Prompts::There,
            (Some(_), None) => Prompts::One,
            (None, None) => Prompts::Unknown,
        };
        let streams = request.stream.as_ref().is_some_and(|stream| stream.default);
        Ok(Self { kind: rules.kind, tree, streams, cap, prompts })
    }
}

fn inputs(tree: &mut Tree<Role>, request: &RequestRules) -> Result<(), DeclarationError> {
    let single = [
        (&request.choices, Role::Choices),
        (&request.messages, Role::Messages),
        (&request.prompts, Role::Prompts),
    ];
    for (pointer, role) in single {
        if let Some(pointer) = pointer {
            tree.add_plain(pointer, role)?;
        }
    }
    let several: [(&[Pointer], Role); 5] = [
        (&request.text, Role::Text),
        (&request.images, Role::Image),
        (&request.references, Role::Reference),
        (&request.fees, Role::Fee),
        (&request.refused, Role::Refused),
    ];
    for (pointers, role) in several {
        for pointer in pointers {
            tree.add(pointer, role)?;
        }
    }
    Ok(())
}

// === impl Cap ===

impl Cap {
    fn new(tree: &mut Tree<Role>, rule: &CapRule) -> Result<Self, DeclarationError> {
        tree.add_plain(&rule.pointer, Role::Cap(0))?;
        for (alias, index) in rule.aliases.iter().zip(1..) {
            tree.add_plain(alias, Role::Cap(index))?;
        }
        let names: Vec<Box<str>> =
            rule.pointer.names().unwrap_or_default().into_iter().map(Box::from).collect();
        let (_, inside) = names.split_last().unwrap_or((&Box::default(), &[])).to_owned();
        let mut way = vec![ROOT];
        for name in inside {
            let at = way.last().and_then(|at| tree.child(*at, name));
            way.extend(at);
        }
        Ok(Self { names, way, default: rule.default })
    }
}
