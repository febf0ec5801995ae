-- Texts that stand in many records, each once. Where a column of `callers` or `calls` names one, 0
-- means that there is none.
CREATE TABLE names (
    id   INTEGER PRIMARY KEY,
    text TEXT NOT NULL UNIQUE
) STRICT;

-- Who calls: numbers of `names`; `roles` is a JSON array of them.
CREATE TABLE callers (
    id           INTEGER PRIMARY KEY,
    organization INTEGER NOT NULL,
    team         INTEGER NOT NULL,
    agent        INTEGER NOT NULL,
    user         INTEGER NOT NULL,
    session      INTEGER NOT NULL,
    parent       INTEGER NOT NULL,
    key_id       INTEGER NOT NULL,
    key_name     INTEGER NOT NULL,
    environment  INTEGER NOT NULL,
    roles        TEXT NOT NULL,
    UNIQUE (organization, agent, session, key_id, user, team, key_name, parent, environment, roles)
) STRICT;

-- One row per revision of a record: rows are added and never changed. The fields are those of
-- engine/governor/RECORD.md; words are its numbers, amounts are nano-USD unless `picos` stands,
-- counts are unsigned numbers written as signed ones. The views below show them as text.
CREATE TABLE calls (
    id               BLOB NOT NULL,
    revision         INTEGER NOT NULL,
    at_us            INTEGER NOT NULL,
    judged_after_us  INTEGER,
    utc_offset_s     INTEGER NOT NULL,
    caller           INTEGER NOT NULL,
    observe          INTEGER NOT NULL,
    metadata         TEXT,
    vendor           INTEGER NOT NULL,
    connection       INTEGER NOT NULL,
    model_asked      INTEGER NOT NULL,
    model_sent       INTEGER NOT NULL,
    model_used       INTEGER NOT NULL,
    -- A JSON array of numbers of `names`.
    models_tried     TEXT,
    endpoint         INTEGER NOT NULL,
    stream           INTEGER NOT NULL,
    text_bytes       INTEGER NOT NULL,
    parts            INTEGER NOT NULL,
    images           INTEGER NOT NULL,
    pages            INTEGER NOT NULL,
    audio_bytes      INTEGER NOT NULL,
    by_reference     INTEGER NOT NULL,
    rereads          INTEGER NOT NULL,
    prompts          INTEGER NOT NULL,
    output_cap       INTEGER,
    choices          INTEGER NOT NULL,
    thinking_budget  INTEGER NOT NULL,
    tier             INTEGER NOT NULL,
    tool_results     INTEGER NOT NULL,
    web_search       INTEGER NOT NULL,
    web_search_cap   INTEGER,
    extra_fee        INTEGER NOT NULL,
    attempt          INTEGER NOT NULL,
    bound_nanos      INTEGER,
    price_version    INTEGER NOT NULL,
    policy_version   INTEGER NOT NULL,
    action           INTEGER NOT NULL,
    policy           INTEGER NOT NULL,
    rule             INTEGER NOT NULL,
    reason           TEXT,
    evaluated        INTEGER NOT NULL,
    -- [[policy, rule, number of the reason, its figures…], …]
    matched          TEXT,
    -- [[scope, window, spent, held, calls], …]
    readings         TEXT,
    held_nanos       INTEGER NOT NULL,
    input            INTEGER NOT NULL,
    cached           INTEGER NOT NULL,
    cache_write      INTEGER NOT NULL,
    cache_write_1h   INTEGER NOT NULL,
    output           INTEGER NOT NULL,
    reasoning        INTEGER NOT NULL,
    audio_input      INTEGER NOT NULL,
    audio_output     INTEGER NOT NULL,
    web_searches     INTEGER NOT NULL,
    served_tier      INTEGER NOT NULL,
    cost_nanos       INTEGER NOT NULL,
    -- Beyond 63 bits a blob of 16 bytes, the highest first.
    input_picos      ANY NOT NULL,
    output_picos     ANY NOT NULL,
    fees_picos       ANY NOT NULL,
    accuracy         INTEGER NOT NULL,
    status           INTEGER NOT NULL,
    -- [[number, vendor's status or null, outcome, why or null, held, charged], …]
    attempts         TEXT,
    auth_us          INTEGER NOT NULL,
    limit_us         INTEGER NOT NULL,
    policy_us        INTEGER NOT NULL,
    hold_us          INTEGER NOT NULL,
    commit_us        INTEGER NOT NULL,
    first_byte_us    INTEGER NOT NULL,
    vendor_us        INTEGER NOT NULL,
    ours_us          INTEGER NOT NULL,
    -- From `at_us` to its end; NULL where it has none.
    took_us          INTEGER,
    trace_digest     BLOB,
    PRIMARY KEY (id, revision)
) STRICT, WITHOUT ROWID;

-- What each number of a closed list is called, from the program's own types.
CREATE TABLE words (
    kind   TEXT NOT NULL,
    number INTEGER NOT NULL,
    word   TEXT NOT NULL,
    PRIMARY KEY (kind, number)
) STRICT, WITHOUT ROWID;

-- The text of each version of policies and prices, by the digest that records name it with.
CREATE TABLE sources (
    digest       TEXT PRIMARY KEY,
    kind         TEXT NOT NULL,
    organization TEXT,
    text         TEXT NOT NULL,
    first_us     INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
