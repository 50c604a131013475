-- Who is who in a request, and what a round or a meeting is called, as far as the reaction that tells people has read.
-- Written in the transaction that moves its place, so that it is never ahead of it nor behind. People stand here sealed.
CREATE TABLE IF NOT EXISTS known (
    subject uuid PRIMARY KEY,
    municipality text NOT NULL,
    kind text NOT NULL,
    what jsonb NOT NULL
);

GRANT SELECT, INSERT, UPDATE ON known TO {service}_worker;
GRANT SELECT ON known TO {service}_api;
ALTER TABLE known ENABLE ROW LEVEL SECURITY;
ALTER TABLE known FORCE ROW LEVEL SECURITY;
DROP POLICY IF EXISTS worker ON known;
DROP POLICY IF EXISTS tenant ON known;
CREATE POLICY worker ON known TO {service}_worker
    USING ((SELECT flode_scope()) && ARRAY[municipality, '*'])
    WITH CHECK ((SELECT flode_scope()) && ARRAY[municipality, '*']);
CREATE POLICY tenant ON known FOR SELECT TO {service}_api
    USING (municipality = ANY ((SELECT flode_scope())::text[]));
