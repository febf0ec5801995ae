CREATE TABLE meta (
    name  TEXT PRIMARY KEY,
    value INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
-- What the clock has shown, in seconds: see engine/ledger/src/timeline.rs. Slots of `spend` and
-- `open_attempts.dispatched_us` are ledger time: the wall clock less `clock_shift`. Ledger time up
-- to `ledger_seen` has passed; what begins before `clock_floor` counts in no window.
INSERT INTO meta VALUES
    ('applied_seq', 0), ('keys_version', 0),
    ('clock_shift', 0), ('clock_floor', -9223372036854775808),
    ('ledger_seen', -9223372036854775808);

-- Stretches of ledger time that ended in a jump of the wall clock, oldest first.
CREATE TABLE stretches (
    number  INTEGER PRIMARY KEY,
    ended   INTEGER NOT NULL,
    own     INTEGER NOT NULL,
    carried INTEGER NOT NULL,
    idle    INTEGER NOT NULL,
    paused  INTEGER NOT NULL
) STRICT;

-- What the database knows of its journal: one row.
CREATE TABLE journal (
    -- Which store this is, at random; each file of the journal says it too.
    store     INTEGER NOT NULL,
    -- The life of the journal that began last, at random; and whether all its entries are here.
    life      INTEGER NOT NULL,
    closed    INTEGER NOT NULL,
    -- That life, once the main file of the database has it, else 0: one that has another is not the
    -- file that the write-ahead log belongs to.
    main_life INTEGER NOT NULL,
    -- Of the entry `applied_seq`: its checksum, what all entries up to it charged, what those of its
    -- own organization did, and its time.
    sum       INTEGER NOT NULL,
    nanos     INTEGER NOT NULL,
    own_nanos INTEGER NOT NULL,
    at_us     INTEGER,
    -- The last entry that is both here and in the journal.
    journaled INTEGER NOT NULL
) STRICT;
INSERT INTO journal VALUES (random(), 0, 1, 0, 0, 0, 0, NULL, 0);

-- What the journal's entries of each organization charged, up to `applied_seq`.
CREATE TABLE organizations (
    name          TEXT PRIMARY KEY,
    charged_nanos INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Attempts that may have left and have not ended, by the number of their journal entry. `key` is the
-- name of the key, as in `spend`; `draft` is the record so far in its binary form.
CREATE TABLE open_attempts (
    seq           INTEGER PRIMARY KEY,
    txn           TEXT NOT NULL,
    attempt       INTEGER NOT NULL,
    dispatched_us INTEGER NOT NULL,
    organization  TEXT NOT NULL,
    team          TEXT,
    agent         TEXT NOT NULL,
    user          TEXT,
    session       TEXT,
    key           TEXT NOT NULL,
    held_nanos    INTEGER NOT NULL,
    draft         BLOB NOT NULL
) STRICT;

-- What each scope spent, in slots of five minutes: what counters are loaded from.
CREATE TABLE spend (
    organization TEXT NOT NULL,
    kind         TEXT NOT NULL,
    name         TEXT NOT NULL,
    slot         INTEGER NOT NULL,
    nanos        INTEGER NOT NULL,
    calls        INTEGER NOT NULL,
    PRIMARY KEY (organization, kind, name, slot)
) STRICT, WITHOUT ROWID;

-- Reins keys. The key itself is nowhere.
CREATE TABLE keys (
    id           TEXT PRIMARY KEY,
    hmac         BLOB NOT NULL UNIQUE,
    organization TEXT NOT NULL,
    name         TEXT NOT NULL,
    masked       TEXT NOT NULL,
    environment  TEXT NOT NULL,
    pins         TEXT NOT NULL,
    created_us   INTEGER NOT NULL,
    expires_us   INTEGER,
    revoked_us   INTEGER,
    used_us      INTEGER,
    rotated_to   TEXT REFERENCES keys (id)
) STRICT, WITHOUT ROWID;

-- Servers read keys anew when this number changes; a note of when a key was used changes nothing.
CREATE TRIGGER keys_inserted AFTER INSERT ON keys BEGIN
    UPDATE meta SET value = value + 1 WHERE name = 'keys_version';
END;
CREATE TRIGGER keys_deleted AFTER DELETE ON keys BEGIN
    UPDATE meta SET value = value + 1 WHERE name = 'keys_version';
END;
CREATE TRIGGER keys_changed
AFTER UPDATE OF hmac, organization, name, environment, pins, expires_us, revoked_us, rotated_to
ON keys BEGIN
    UPDATE meta SET value = value + 1 WHERE name = 'keys_version';
END;

-- Vendor keys, sealed.
CREATE TABLE secrets (
    organization TEXT NOT NULL,
    connection   TEXT NOT NULL,
    field        TEXT NOT NULL,
    key_version  INTEGER NOT NULL,
    nonce        BLOB NOT NULL,
    sealed       BLOB NOT NULL,
    PRIMARY KEY (organization, connection, field)
) STRICT, WITHOUT ROWID;

PRAGMA user_version = 4;
