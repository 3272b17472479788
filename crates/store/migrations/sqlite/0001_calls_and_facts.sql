-- One file a tenant, so no table carries a tenant.

-- What happened, as it happened. `body` is the fact as JSON; its form is `schema`.
CREATE TABLE facts (
    call           TEXT    NOT NULL,
    number         INTEGER NOT NULL,
    schema         INTEGER NOT NULL,
    at_us          INTEGER NOT NULL,
    since_start_us INTEGER NOT NULL,
    name           TEXT    NOT NULL,
    body           TEXT    NOT NULL,
    PRIMARY KEY (call, number)
) STRICT, WITHOUT ROWID;

-- One line a call, kept in the same transaction as its facts: which calls there are, and which are open.
CREATE TABLE calls (
    call          TEXT    NOT NULL PRIMARY KEY,
    started_at_us INTEGER NOT NULL,
    ended_at_us   INTEGER,
    reason        TEXT
) STRICT, WITHOUT ROWID;

CREATE INDEX calls_open ON calls (call) WHERE ended_at_us IS NULL;
CREATE INDEX calls_by_start ON calls (started_at_us);
