-- Facts of one call that are kept at the same moment stand in one row: a dozen of them cost what one did.

-- What was told of a call, in the order in which it was told. `facts` is a JSON array of
-- `[number, at_us, since_start_us, fact]`, and `schema` the form of those facts. A number that was told more than once
-- counts as it was told first.
CREATE TABLE tellings (
    id     INTEGER NOT NULL PRIMARY KEY,
    call   TEXT    NOT NULL,
    first  INTEGER NOT NULL,
    last   INTEGER NOT NULL,
    schema INTEGER NOT NULL,
    facts  TEXT    NOT NULL
) STRICT;

-- Finds a call's tellings, and knows the one that is repeated after a failure.
CREATE UNIQUE INDEX tellings_of_call ON tellings (call, first, last);

-- A fact that is no JSON stays what it is, a text: only its own call cannot be read.
INSERT INTO tellings (call, first, last, schema, facts)
SELECT call, min(number), max(number), max(schema), json_group_array(
           json_array(number, at_us, since_start_us, json(iif(json_valid(body), body, json_quote(body)))) ORDER BY number)
FROM facts
GROUP BY call
ORDER BY call;

DROP TABLE facts;

-- A call's name begins with the time of its first ring, so that the names stand in the order of the calls.
DROP INDEX calls_by_start;
