//! Keys that the file declares, as the registry takes them in.

use reins_config::{DeclaredKey, Settings};
use reins_governor::Name;
use reins_store::{NewKey, Pins, Secret};

/// Every key of the file whose variable is set here.
pub(super) fn declared(settings: &Settings) -> Vec<reins_store::DeclaredKey> {
    let organization = &settings.organization.id;
    settings.keys.iter().map(|key| taken_in(key, organization)).collect()
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
