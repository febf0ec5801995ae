//! The forms of key that there are, and the connections that they are tried on.

use std::sync::Arc;

use jiff::Timestamp;
use reins_governor::Environment;
use reins_runtime::MachineClock;
use reins_store::{NewKey, Pins, Registry, RootSecret, Rotation, Secret};

use crate::rig::{Launch, Site, Speech, Tape};

/// A declared key in Reins' own form, that stays declared.
pub(super) const STAYS: &str = "rns_test_disclosedSt4ysWw7KqZ1oXvB9mTcR3hLpN6yGfUd";
/// A declared key that is any text.
const PLAIN: &str = "Disclosed+Pl41n/Jj5VwQ8zKx=Rt2NbM7yHs0LcGf4EuPd==";
/// A declared key that a later version of the file leaves out.
const GONE: &str = "Disclosed+G0n3/Bb6XtZ9wPq=Lm3KvN8rJs1HdCy5FoUg==";
/// A key that was never made.
const MISTYPED: &str = "rns_live_disclosedM1styp3dAa2SxQ7kVz0NwTcE5bHfYoD4i";
/// The store's secret.
const ROOT: &str = "disclosedR00t-0123456789abcdefghijklmnop";

/// A connection, and whether it has a key for its vendor.
pub(super) struct Connection {
    pub(super) name: String,
    pub(super) speech: Speech,
    pub(super) kept: bool,
    key: &'static str,
}

/// One key of each form.
pub(super) struct Keys {
    created: Vec<(&'static str, Secret, Option<u16>)>,
}

/// Connections of either kind: with a key, with none, with a line that none came of, and with the
/// caller's own.
pub(super) fn connections() -> Vec<Connection> {
    let kinds = [
        ("kept", "key_env = \"VENDOR_KEY\"", true),
        ("missing", "", false),
        ("empty", "key = \"stored\"", false),
        ("passed", "key = \"pass-through\"", false),
    ];
    let of = |speech: Speech| {
        kinds.map(|(name, key, kept)| {
            let prefix = if speech == Speech::OpenAi { "" } else { "a-" };
            Connection { name: format!("{prefix}{name}"), speech, kept, key }
        })
    };
    Speech::BOTH.into_iter().flat_map(of).collect()
}

/// The file, with or without the key that goes.
pub(super) fn file(tape: &Tape, with_gone: bool) -> String {
    let connection = |each: Connection| {
        let (vendor, rest) =
            if each.speech == Speech::OpenAi { ("openai", "/v1") } else { ("anthropic", "") };
        format!(
            "[[connection]]\nname = \"{}\"\nvendor = \"{vendor}\"\n\
             base_url = \"http://{}{rest}\"\n{}\n",
            each.name, tape.address, each.key
        )
    };
    let connections: String = connections().into_iter().map(connection).collect();
    let gone = if with_gone { "[[key]]\nname = \"gone\"\nvalue_env = \"GONE_KEY\"\n" } else { "" };
    format!(
        "listen = \"127.0.0.1:0\"\nstore = \"sqlite:reins.db\"\ndurability = \"process\"\n\
         [organization]\nid = \"acme\"\nunknown_agents = \"register\"\n\
         [[limit]]\nscope = {{ organization = \"acme\" }}\ncalls_per_second = 1000000\n\
         [[key]]\nname = \"stays\"\nvalue_env = \"STAYS_KEY\"\n\
         [[key]]\nname = \"plain\"\nvalue_env = \"PLAIN_KEY\"\n{gone}{connections}"
    )
}

pub(super) fn launch(site: &Site) -> Launch {
    Launch::of(site)
        .with("STAYS_KEY", STAYS)
        .with("PLAIN_KEY", PLAIN)
        .with("GONE_KEY", GONE)
        .with("REINS_SECRET", ROOT)
}

// === impl Connection ===

impl Connection {
    /// Where it is called.
    pub(super) fn path(&self) -> String {
        format!("/{}{}", self.name, self.speech.path())
    }
}

// === impl Keys ===

impl Keys {
    /// Makes keys beside a running server.
    pub(super) async fn made(site: &Site) -> Self {
        let root = RootSecret::given(ROOT).unwrap();
        let clock = Arc::new(MachineClock::new());
        let registry = Registry::open(&site.store(), &root, clock).await.unwrap();
        let create =
            async |organization: &'static str, name: &'static str, expires: Option<Timestamp>| {
                let new = NewKey {
                    organization: organization.into(),
                    name: name.into(),
                    environment: Environment::Live,
                    pins: Pins::default(),
                    expires,
                };
                registry.create(new).await.unwrap()
            };
        let created = create("acme", "created", None).await;
        let revoked = create("acme", "revoked", None).await;
        registry.revoke(&revoked.key.id).await.unwrap();
        let expired = create("acme", "expired", Some(Timestamp::constant(1_700_000_000, 0))).await;
        let rotated = create("acme", "rotated", None).await;
        let fresh = registry.rotate(&rotated.key.id, Rotation::Overlap).await.unwrap();
        let replaced = create("acme", "replaced", None).await;
        registry.rotate(&replaced.key.id, Rotation::Now).await.unwrap();
        let others = create("other", "created", None).await;
        Self {
            created: vec![
                ("created", created.value, None),
                ("revoked", revoked.value, Some(401)),
                ("expired", expired.value, Some(401)),
                ("rotated", rotated.value, None),
                ("fresh", fresh.value, None),
                ("replaced", replaced.value, Some(401)),
                ("other organization's", others.value, Some(403)),
            ],
        }
    }

    /// Every key, and the status of a call with it where it does not work.
    pub(super) fn all(&self) -> Vec<(&'static str, &str, Option<u16>)> {
        let declared = [
            ("declared", STAYS, None),
            ("declared plain", PLAIN, None),
            ("no longer declared", GONE, Some(401)),
            ("mistyped", MISTYPED, Some(401)),
        ];
        let created =
            self.created.iter().map(|(name, key, refused)| (*name, key.expose(), *refused));
        declared.into_iter().chain(created).collect()
    }
}
