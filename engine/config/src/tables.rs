//! The tables of the file, one module each.

pub(crate) mod organization;
pub(crate) mod server;
pub(crate) mod store;

pub(crate) mod address;
pub(crate) mod agent;
pub(crate) mod connection;
pub(crate) mod dialect;
pub(crate) mod key;
pub(crate) mod price;

pub(crate) mod budget;
pub(crate) mod limit;
pub(crate) mod scope;

pub(crate) mod action;
pub(crate) mod conditions;
pub(crate) mod policy;
pub(crate) mod rule;
pub(crate) mod spend;
