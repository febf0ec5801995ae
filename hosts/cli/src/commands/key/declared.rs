//! Keys that the file declares, as the registry takes them in.

use reins_config::{DeclaredKey, Organization};
use reins_governor::Name;
use reins_store::{NewKey, Pins, Secret};

/// Every key of the organization's file whose variable is set here.
pub(super) fn declared(of: &Organization) -> Vec<reins_store::DeclaredKey> {
    of.keys.iter().map(|key| taken_in(key, &of.id)).collect()
}

fn taken_in(key: &DeclaredKey, organization: &Name) -> reins_store::DeclaredKey {
    let DeclaredKey { name, value, pins, environment, observe_allowed } = key.clone();
    let pins = Pins {
        team: pins.team,
        agent: pins.agent,
        user: pins.user,
        session: pins.session,
        roles: pins.roles,
        connection: pins.connection,
        observe_allowed,
    };
    let organization = organization.clone();
    let key = NewKey { organization, name, environment, pins, expires: None };
    reins_store::DeclaredKey { key, value: Secret::new(value.expose().to_owned()) }
}
