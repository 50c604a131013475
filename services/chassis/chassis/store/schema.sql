-- What every service's database holds, whatever its domain: the log, and where its readers stand.
-- Run by `flode prepare` as the administrator, any number of times. {service} is the service's name.

CREATE OR REPLACE FUNCTION flode_scope() RETURNS text[] LANGUAGE sql STABLE PARALLEL SAFE
    RETURN string_to_array(coalesce(current_setting('flode.scope', true), ''), ',');

-- The log. Positions are dense and in commit order; nothing is ever changed or taken away.
CREATE TABLE IF NOT EXISTS events (
    position bigint PRIMARY KEY,
    subject uuid NOT NULL,
    version integer NOT NULL CHECK (version >= 0),
    type text NOT NULL,
    municipality text NOT NULL,
    recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    command_id uuid,            -- on the first event of a command
    command_events integer,     -- how many events that command gave
    fingerprint bytea,          -- of what the command said
    envelope bytea NOT NULL,
    UNIQUE (subject, version)
);
CREATE UNIQUE INDEX IF NOT EXISTS events_by_command ON events (command_id) WHERE command_id IS NOT NULL;
ALTER TABLE events ALTER COLUMN envelope SET STORAGE EXTERNAL;

-- One row, locked by whoever appends: this is what makes positions dense and visible in their own order.
CREATE TABLE IF NOT EXISTS log_head (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    position bigint NOT NULL
) WITH (fillfactor = 10);
INSERT INTO log_head (position) VALUES (0) ON CONFLICT DO NOTHING;

-- Append many commands at once. Each is judged by itself, so one that conflicts spoils no other:
--   appended   its events got positions from first_position on
--   duplicate  the command had been given before; first_position and version are those of then
--   reused     the command id had been used for something else
--   conflict   the subject's version is not the one the command was decided on; version is the present one
--   foreign    the subject belongs to another municipality
-- Within one call no two commands may share a subject or an id: the caller sees to it.
-- Versions begin at 1. A first event may also be version 0 (expected -1), as the eventsourcing library numbers some.
-- The plan is made once: finding it anew would cost more than running it. It must not become one that was good while
-- the log was empty, hence no sequential scans.
CREATE OR REPLACE FUNCTION flode_append(
    commands uuid[], fingerprints bytea[], subjects uuid[], expected integer[], counts integer[],
    municipalities text[], types text[], envelopes bytea[]
) RETURNS TABLE (outcome text, first_position bigint, version integer) LANGUAGE plpgsql
SET plan_cache_mode = force_generic_plan SET enable_seqscan = off AS $$
#variable_conflict use_column
DECLARE
    head bigint;
BEGIN
    SELECT h.position INTO head FROM log_head h WHERE h.one FOR UPDATE;
    -- From here on nobody else appends, and the next statement's snapshot sees all that was committed before.
    RETURN QUERY
    WITH judged AS (
        SELECT c.*, e.position AS earlier, e.version + e.command_events - 1 AS earlier_version,
            coalesce(s.version, 0) AS present,
            CASE
                WHEN e.position IS NOT NULL AND (e.subject <> c.subject OR e.fingerprint <> c.fingerprint) THEN 'reused'
                WHEN e.position IS NOT NULL THEN 'duplicate'
                WHEN s.municipality <> c.municipality THEN 'foreign'
                WHEN s.version IS NULL AND c.expected = -1 THEN 'appended'
                WHEN c.expected <> coalesce(s.version, 0) THEN 'conflict'
                ELSE 'appended'
            END AS outcome
        FROM unnest(commands, fingerprints, subjects, expected, counts, municipalities)
            WITH ORDINALITY AS c(command, fingerprint, subject, expected, count, municipality, n)
        LEFT JOIN LATERAL (
            SELECT v.position, v.subject, v.version, v.command_events, v.fingerprint
            FROM events v WHERE v.command_id = c.command LIMIT 1
        ) e ON true
        LEFT JOIN LATERAL (
            SELECT v.version, v.municipality FROM events v WHERE v.subject = c.subject ORDER BY v.version DESC LIMIT 1
        ) s ON true
    ), placed AS (
        SELECT j.*, sum(j.count) OVER so_far - j.count AS skipped,
            head + 1 + sum(j.count) FILTER (WHERE j.outcome = 'appended') OVER so_far - j.count AS place
        FROM judged j WINDOW so_far AS (ORDER BY j.n ROWS UNBOUNDED PRECEDING)
    ), written AS (
        INSERT INTO events (position, subject, version, type, municipality, command_id, command_events, fingerprint,
                            envelope)
        SELECT p.place + k, p.subject, p.expected + 1 + k, types[p.skipped + 1 + k], p.municipality,
            CASE WHEN k = 0 THEN p.command END, CASE WHEN k = 0 THEN p.count END,
            CASE WHEN k = 0 THEN p.fingerprint END, envelopes[p.skipped + 1 + k]
        FROM placed p CROSS JOIN LATERAL generate_series(0, p.count - 1) AS k
        WHERE p.outcome = 'appended'
    ), moved AS (
        UPDATE log_head h SET position = head + a.events
        FROM (SELECT sum(p.count) AS events FROM placed p WHERE p.outcome = 'appended') a
        WHERE h.one AND a.events > 0
    )
    SELECT p.outcome, CASE p.outcome WHEN 'appended' THEN p.place ELSE p.earlier END,
        CASE p.outcome WHEN 'appended' THEN p.expected + p.count WHEN 'duplicate' THEN p.earlier_version
            ELSE p.present END
    FROM placed p ORDER BY p.n;
END $$;

-- How far processes that follow another application by the eventsourcing library's recorder interface have come.
CREATE TABLE IF NOT EXISTS tracking (
    application text PRIMARY KEY,
    notification bigint NOT NULL
);

-- Where the relay is known to have come: a hint that it proves against the topic before it trusts it.
CREATE TABLE IF NOT EXISTS relay_places (
    topic text NOT NULL,
    partition integer NOT NULL,
    "offset" bigint NOT NULL,
    sequence bigint NOT NULL,
    done_to bigint NOT NULL,    -- all positions up to here are in the topics
    PRIMARY KEY (topic, partition)
);
-- The furthest done_to there ever was: topics that are filled again have fallen behind it, what waits has not.
ALTER TABLE relay_places ADD COLUMN IF NOT EXISTS reached bigint NOT NULL DEFAULT 0;

-- Where each reader stands in each partition. `sources` holds the highest sequence applied of each source.
CREATE TABLE IF NOT EXISTS checkpoints (
    reader text NOT NULL,
    topic text NOT NULL,
    partition integer NOT NULL,
    next_offset bigint NOT NULL,
    last_source text,           -- of the record before next_offset: proof that the topic is still the same
    last_sequence bigint,
    sources jsonb NOT NULL DEFAULT '{}',
    applied bigint NOT NULL DEFAULT 0,
    duplicates bigint NOT NULL DEFAULT 0,
    parked bigint NOT NULL DEFAULT 0,
    moved_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (reader, topic, partition)
);

-- Events a reader could not handle, and those of the same subject that wait behind them.
CREATE TABLE IF NOT EXISTS parked (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    reader text NOT NULL,
    municipality text NOT NULL,
    subject uuid NOT NULL,
    topic text NOT NULL,
    partition integer NOT NULL,
    "offset" bigint NOT NULL,
    source text NOT NULL,
    sequence bigint NOT NULL,
    type text NOT NULL,
    envelope bytea NOT NULL,
    mended bytea,               -- what is handled instead, when somebody mended it
    reason text NOT NULL,
    state text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'replayed', 'superseded')),
    parked_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    changed_by text,
    changed_at timestamptz,
    UNIQUE (reader, source, sequence)
);
CREATE INDEX IF NOT EXISTS parked_waiting ON parked (reader, subject) WHERE state = 'waiting';

-- The tables a view has had. One is live; the others are being filled, or can be gone back to.
CREATE TABLE IF NOT EXISTS view_tables (
    view text NOT NULL,
    version integer NOT NULL,
    build integer NOT NULL,
    table_name text PRIMARY KEY,
    state text NOT NULL CHECK (state IN ('filling', 'live', 'previous', 'failed')),
    row_shape text NOT NULL,
    started_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    switched_at timestamptz,
    progress jsonb NOT NULL DEFAULT '{}',
    UNIQUE (view, build)
);
CREATE UNIQUE INDEX IF NOT EXISTS view_tables_live ON view_tables (view) WHERE state = 'live';

-- What is to be done outside, at least once, each with a key that never changes.
CREATE TABLE IF NOT EXISTS effects (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    channel text NOT NULL,
    key text NOT NULL,
    municipality text NOT NULL,
    payload jsonb NOT NULL,
    traceparent text,
    state text NOT NULL DEFAULT 'due' CHECK (state IN ('due', 'sent', 'given_up')),
    attempts integer NOT NULL DEFAULT 0,
    due_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    reason text,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    done_at timestamptz,
    UNIQUE (channel, municipality, key)
);
CREATE INDEX IF NOT EXISTS effects_due ON effects (channel, due_at) WHERE state = 'due';
CREATE INDEX IF NOT EXISTS effects_in_line ON effects (channel, id) WHERE state = 'due';
CREATE INDEX IF NOT EXISTS effects_given_up ON effects (channel) WHERE state = 'given_up';

-- Who read sealed names, and of what: written before they are opened, never changed or taken away. The moment is the
-- database's own; nobody says it.
CREATE TABLE IF NOT EXISTS reads (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    municipality text NOT NULL,
    reader text NOT NULL,       -- "auditor/<uuid>"
    reader_name text,           -- sealed
    view text NOT NULL,
    key uuid,                   -- of the row; NULL when a list was read
    what text NOT NULL CHECK (what IN ('list', 'row', 'case')),
    as_of timestamptz,          -- the moment that was looked at; NULL for the present
    at timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- What those who operate the service did, who and why. It is only ever added to.
CREATE TABLE IF NOT EXISTS operated (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    action text NOT NULL CHECK (action IN ('mend', 'replay', 'rebuild', 'verify', 'rollback', 'drop')),
    about text NOT NULL,        -- the reader, or the view
    parked bigint,              -- the parked event it began with
    municipality text,          -- whose it was; of a whole view, nobody's
    by_whom text NOT NULL,      -- "operator/<pseudonym>", or the user of a terminal
    by_name text,               -- sealed
    reason text NOT NULL,
    before bytea,               -- what a mended event said, and says now
    after bytea,
    result text NOT NULL,
    params jsonb NOT NULL DEFAULT '{}'
);

-- Who is named in which event, by pseudonym: filled behind the log, and of use only to find events in it.
CREATE TABLE IF NOT EXISTS named (
    person uuid NOT NULL,
    municipality text NOT NULL,
    position bigint NOT NULL,
    subject uuid NOT NULL,
    PRIMARY KEY (person, position)
);
CREATE TABLE IF NOT EXISTS named_until (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    position bigint NOT NULL    -- all events up to here have been gone through
);
INSERT INTO named_until (position) VALUES (0) ON CONFLICT DO NOTHING;

-- Who may do what. The worker does the service's own work for all municipalities; the api sees those of its scope.
GRANT USAGE ON SCHEMA public TO {service}_worker, {service}_api;
GRANT SELECT, INSERT ON events, operated, named TO {service}_worker;
GRANT SELECT, UPDATE ON log_head, named_until TO {service}_worker;
GRANT SELECT, INSERT, UPDATE, DELETE ON relay_places, checkpoints, view_tables TO {service}_worker;
GRANT SELECT, INSERT, UPDATE ON parked, effects, tracking TO {service}_worker;
GRANT SELECT ON events, named, named_until, log_head, relay_places, checkpoints, view_tables, parked, effects TO {service}_api;
GRANT SELECT, INSERT (municipality, reader, reader_name, view, key, what, as_of) ON reads TO {service}_api;
CREATE SCHEMA IF NOT EXISTS views AUTHORIZATION {service}_worker;
GRANT USAGE ON SCHEMA views TO {service}_api;

DO $$
DECLARE
    tenant_table text;
BEGIN
    FOREACH tenant_table IN ARRAY ARRAY['events', 'named', 'parked', 'effects', 'operated'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', tenant_table);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', tenant_table);
        EXECUTE format('DROP POLICY IF EXISTS worker ON %I', tenant_table);
        EXECUTE format('DROP POLICY IF EXISTS tenant ON %I', tenant_table);
        EXECUTE format('CREATE POLICY worker ON %I TO {service}_worker USING (true) WITH CHECK (true)', tenant_table);
        EXECUTE format('CREATE POLICY tenant ON %I FOR SELECT TO {service}_api '
            'USING (municipality = ANY ((SELECT flode_scope())::text[]))', tenant_table);
    END LOOP;
END $$;

ALTER TABLE reads ENABLE ROW LEVEL SECURITY;
ALTER TABLE reads FORCE ROW LEVEL SECURITY;
DROP POLICY IF EXISTS tenant ON reads;
DROP POLICY IF EXISTS recorded ON reads;
CREATE POLICY tenant ON reads FOR SELECT TO {service}_api USING (municipality = ANY ((SELECT flode_scope())::text[]));
CREATE POLICY recorded ON reads FOR INSERT TO {service}_api
    WITH CHECK (municipality = ANY ((SELECT flode_scope())::text[]));
