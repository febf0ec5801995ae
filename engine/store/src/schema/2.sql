-- What the clock has shown, in seconds: see engine/ledger/src/timeline.rs. Slots of `spend` and
-- `open_attempts.dispatched_us` are ledger time: the wall clock less `clock_shift`. Ledger time up
-- to `ledger_seen` has passed; what begins before `clock_floor` counts in no window.
INSERT INTO meta VALUES ('clock_shift', 0), ('clock_floor', -9223372036854775808);
INSERT INTO meta SELECT 'ledger_seen', coalesce(max(seen), -9223372036854775808) FROM (
    SELECT max(slot) AS seen FROM spend
    UNION ALL SELECT max(dispatched_us) / 1000000 FROM open_attempts
);

-- Stretches of ledger time that ended in a jump of the wall clock, oldest first.
CREATE TABLE stretches (
    number  INTEGER PRIMARY KEY,
    ended   INTEGER NOT NULL,
    own     INTEGER NOT NULL,
    carried INTEGER NOT NULL,
    idle    INTEGER NOT NULL,
    paused  INTEGER NOT NULL
) STRICT;

PRAGMA user_version = 2;
