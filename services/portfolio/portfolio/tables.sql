-- Views of the portfolio that somebody has given a name: a person's own preference, and no fact of a municipality's.
-- `name` is what they wrote, sealed under their key; `address` the filters as they stand in a page's address.
CREATE TABLE IF NOT EXISTS saved_views (
    id uuid PRIMARY KEY,
    municipality text NOT NULL,     -- where the person belongs
    person uuid NOT NULL,
    name text NOT NULL,
    address text NOT NULL,
    saved_at timestamptz NOT NULL,
    UNIQUE (person, address)
);
GRANT SELECT, INSERT, UPDATE, DELETE ON saved_views TO {service}_worker;
GRANT SELECT ON saved_views TO {service}_api;
ALTER TABLE saved_views ENABLE ROW LEVEL SECURITY;
ALTER TABLE saved_views FORCE ROW LEVEL SECURITY;
DROP POLICY IF EXISTS worker ON saved_views;
DROP POLICY IF EXISTS tenant ON saved_views;
CREATE POLICY worker ON saved_views TO {service}_worker
    USING ((SELECT flode_scope()) && ARRAY[municipality, '*'])
    WITH CHECK ((SELECT flode_scope()) && ARRAY[municipality, '*']);
CREATE POLICY tenant ON saved_views FOR SELECT TO {service}_api
    USING (municipality = ANY ((SELECT flode_scope())::text[]));
