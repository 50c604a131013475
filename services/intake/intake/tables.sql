-- What arrived at the hooks, byte for byte. Written in the transaction that appends what came of it, so that a
-- delivery is here if and only if it had its effect. `raw` is sealed: under the requester's key, or under the Service
-- Desk's own where nobody is known.
CREATE TABLE IF NOT EXISTS deliveries (
    id uuid PRIMARY KEY,
    municipality text NOT NULL,
    system text NOT NULL,
    hook text NOT NULL,
    key text NOT NULL,
    hash bytea NOT NULL,            -- of what is said: one key that says two things is two snapshots
    received_at timestamptz NOT NULL,
    request_id uuid,
    kind text,
    revision bigint,
    source_at timestamptz,
    outcome text NOT NULL,
    faults json NOT NULL DEFAULT '[]',
    answer json NOT NULL,           -- what the sender was told, and is told again for a copy (json keeps its order)
    raw text NOT NULL,
    settled_by text,                -- who tried a parked delivery again, or set it aside
    settled_at timestamptz,
    note text NOT NULL DEFAULT '',
    UNIQUE (municipality, system, key, hash)
);
CREATE INDEX IF NOT EXISTS deliveries_of_request ON deliveries (request_id);
CREATE INDEX IF NOT EXISTS deliveries_parked ON deliveries (municipality, received_at) WHERE outcome = 'parked';

-- Of each delivery: what it came to, if it came before, and how far the source's reports of its ticket have been
-- followed, those included that changed nothing, and whether the request has a history. Asked before it is decided on, and once more when it is written. It is
-- the service's own work for every municipality, and spares a transaction that says so. (As in `flode_append`, the plan
-- is made once and must not become one that was good while the table was empty.)
DROP FUNCTION IF EXISTS deliveries_before;
CREATE FUNCTION deliveries_before(
    municipalities text[], systems text[], keys text[], hashes bytea[], requests uuid[]
) RETURNS TABLE (outcome text, answer json, revision bigint, at timestamptz, received timestamptz, deleted boolean, begun boolean)
LANGUAGE plpgsql STABLE
SET flode.scope = '*' SET plan_cache_mode = force_generic_plan SET enable_seqscan = off AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    SELECT d.outcome, d.answer, k.revision, k.at, k.received, k.deleted,
        EXISTS (SELECT FROM events e WHERE e.subject = c.request)
    FROM unnest(municipalities, systems, keys, hashes, requests)
        WITH ORDINALITY AS c(municipality, system, key, hash, request, n)
    LEFT JOIN LATERAL (
        SELECT v.outcome, v.answer FROM deliveries v
        WHERE v.municipality = c.municipality AND v.system = c.system AND v.key = c.key AND v.hash = c.hash LIMIT 1
    ) d ON true
    CROSS JOIN LATERAL (
        SELECT max(v.revision) AS revision, max(v.source_at) AS at, max(v.received_at) AS received,
            coalesce(bool_or(v.kind = 'deleted'), false) AS deleted
        FROM deliveries v
        WHERE v.request_id = c.request AND v.municipality = c.municipality
            AND v.outcome NOT IN ('stale', 'held', 'parked', 'refused', 'set_aside')
    ) k
    ORDER BY c.n;
END $$;
REVOKE ALL ON FUNCTION deliveries_before FROM PUBLIC;
GRANT EXECUTE ON FUNCTION deliveries_before TO {service}_worker;

-- How far each desk's system was asked for what changed in it.
CREATE TABLE IF NOT EXISTS polled (
    municipality text NOT NULL,
    system text NOT NULL,
    cursor text NOT NULL,
    polled_at timestamptz NOT NULL,
    PRIMARY KEY (municipality, system)
);
-- When tickets that were not heard of were last asked after, and up to which request that round has come.
ALTER TABLE polled ADD COLUMN IF NOT EXISTS round_at timestamptz, ADD COLUMN IF NOT EXISTS asked_to uuid;
GRANT SELECT, INSERT, UPDATE ON polled TO {service}_worker;
GRANT SELECT ON polled TO {service}_api;
ALTER TABLE polled ENABLE ROW LEVEL SECURITY;
ALTER TABLE polled FORCE ROW LEVEL SECURITY;
DROP POLICY IF EXISTS worker ON polled;
DROP POLICY IF EXISTS tenant ON polled;
CREATE POLICY worker ON polled TO {service}_worker USING (true) WITH CHECK (true);
CREATE POLICY tenant ON polled FOR SELECT TO {service}_api
    USING (municipality = ANY ((SELECT flode_scope())::text[]));

-- Who tested a connection to a ticketing system, when, and what came back. Only ever added to.
CREATE TABLE IF NOT EXISTS tested (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    municipality text NOT NULL,
    system text NOT NULL,
    at timestamptz NOT NULL,
    by_whom text NOT NULL,
    by_name text,                   -- sealed
    answers boolean NOT NULL,
    reason text NOT NULL            -- what the system, or the way to it, said
);
CREATE INDEX IF NOT EXISTS tested_desk ON tested (municipality, system, at DESC);
GRANT SELECT, INSERT ON tested TO {service}_worker;
GRANT SELECT ON tested TO {service}_api;
ALTER TABLE tested ENABLE ROW LEVEL SECURITY;
ALTER TABLE tested FORCE ROW LEVEL SECURITY;
DROP POLICY IF EXISTS worker ON tested;
DROP POLICY IF EXISTS tenant ON tested;
CREATE POLICY worker ON tested TO {service}_worker USING (true) WITH CHECK (true);
CREATE POLICY tenant ON tested FOR SELECT TO {service}_api
    USING (municipality = ANY ((SELECT flode_scope())::text[]));

GRANT SELECT, INSERT, UPDATE ON deliveries TO {service}_worker;
GRANT SELECT ON deliveries TO {service}_api;
ALTER TABLE deliveries ENABLE ROW LEVEL SECURITY;
ALTER TABLE deliveries FORCE ROW LEVEL SECURITY;
DROP POLICY IF EXISTS worker ON deliveries;
DROP POLICY IF EXISTS tenant ON deliveries;
CREATE POLICY worker ON deliveries TO {service}_worker
    USING ((SELECT flode_scope()) && ARRAY[municipality, '*'])
    WITH CHECK ((SELECT flode_scope()) && ARRAY[municipality, '*']);
CREATE POLICY tenant ON deliveries FOR SELECT TO {service}_api
    USING (municipality = ANY ((SELECT flode_scope())::text[]));
