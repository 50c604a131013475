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
