-- The vault: a key for each data subject, wrapped by a key that is not here. Clients reach it by functions alone.
-- Run as an administrator, any number of times. The login role vault_client exists already.

DO $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = 'vault_owner') THEN
        CREATE ROLE vault_owner NOLOGIN NOSUPERUSER NOBYPASSRLS;
    END IF;
END
$$;
CREATE SCHEMA IF NOT EXISTS vault AUTHORIZATION vault_owner;
SET LOCAL ROLE vault_owner;

CREATE TABLE IF NOT EXISTS vault.disposals (
    id uuid PRIMARY KEY,
    person uuid NOT NULL,
    municipality text NOT NULL,
    reason text NOT NULL,
    proposed_by text NOT NULL,
    proposed_at timestamptz NOT NULL,
    confirmed_by text,
    confirmed_at timestamptz,
    CONSTRAINT two_people CHECK (confirmed_by <> proposed_by),
    CONSTRAINT confirmed CHECK ((confirmed_by IS NULL) = (confirmed_at IS NULL))
);

-- A person whose key was destroyed may come back: then a new generation begins, and the old one stays unreadable.
CREATE TABLE IF NOT EXISTS vault.keys (
    person uuid NOT NULL,
    generation int NOT NULL,
    wrapped_by bytea,
    wrapped bytea,
    disposal uuid REFERENCES vault.disposals,
    PRIMARY KEY (person, generation),
    CONSTRAINT alive_or_destroyed CHECK ((wrapped IS NULL) = (disposal IS NOT NULL))
);
CREATE UNIQUE INDEX IF NOT EXISTS one_living_key ON vault.keys (person) WHERE wrapped IS NOT NULL;

-- The secret from which pseudonyms are made. It outlives every change of the wrapping key, or people would change id.
CREATE TABLE IF NOT EXISTS vault.pseudonyms (
    single boolean PRIMARY KEY DEFAULT true CHECK (single),
    wrapped_by bytea NOT NULL,
    wrapped bytea NOT NULL
);

-- Every table is shut, even to grants made by mistake; the functions below run as the owner, who alone has a policy.
DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['disposals', 'keys', 'pseudonyms'] LOOP
        EXECUTE format('ALTER TABLE vault.%I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('ALTER TABLE vault.%I FORCE ROW LEVEL SECURITY', name);
        EXECUTE format('DROP POLICY IF EXISTS owner ON vault.%I', name);
        EXECUTE format('CREATE POLICY owner ON vault.%I TO vault_owner USING (true) WITH CHECK (true)', name);
    END LOOP;
END
$$;

CREATE OR REPLACE FUNCTION vault.keys_of(people uuid[])
RETURNS TABLE (person uuid, wrapped_by bytea, wrapped bytea)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = vault, pg_temp AS $$
    SELECT k.person, k.wrapped_by, k.wrapped FROM vault.keys k WHERE k.person = ANY (people)
$$;

-- Offers a key for a person who has none; whoever was first decides.
CREATE OR REPLACE FUNCTION vault.new_key(of_person uuid, by_key bytea, offered bytea) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = vault, pg_temp AS $$
    INSERT INTO vault.keys (person, generation, wrapped_by, wrapped)
    SELECT of_person, coalesce(max(k.generation), 0) + 1, by_key, offered
    FROM vault.keys k WHERE k.person = of_person
    HAVING count(k.wrapped) = 0
    ON CONFLICT DO NOTHING
$$;

CREATE OR REPLACE FUNCTION vault.pseudonym_secret(by_key bytea, offered bytea)
RETURNS TABLE (wrapped_by bytea, wrapped bytea)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = vault, pg_temp AS $$
BEGIN
    INSERT INTO vault.pseudonyms (wrapped_by, wrapped) VALUES (by_key, offered) ON CONFLICT DO NOTHING;
    RETURN QUERY SELECT p.wrapped_by, p.wrapped FROM vault.pseudonyms p;
END
$$;

CREATE OR REPLACE FUNCTION vault.wrapped_otherwise(than bytea, most int)
RETURNS TABLE (person uuid, wrapped_by bytea, wrapped bytea)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = vault, pg_temp AS $$
    SELECT k.person, k.wrapped_by, k.wrapped FROM vault.keys k
    WHERE k.wrapped IS NOT NULL AND k.wrapped_by <> than LIMIT most
$$;

CREATE OR REPLACE FUNCTION vault.rewrap(of_person uuid, was bytea, by_key bytea, becomes bytea) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = vault, pg_temp AS $$
    UPDATE vault.keys SET wrapped_by = by_key, wrapped = becomes WHERE person = of_person AND wrapped = was
$$;

CREATE OR REPLACE FUNCTION vault.rewrap_pseudonyms(was bytea, by_key bytea, becomes bytea) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = vault, pg_temp AS $$
    UPDATE vault.pseudonyms SET wrapped_by = by_key, wrapped = becomes WHERE wrapped = was
$$;

CREATE OR REPLACE FUNCTION vault.propose(
    new_id uuid, of_person uuid, in_municipality text, why text, by_whom text, at timestamptz
) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = vault, pg_temp AS $$
    INSERT INTO vault.disposals (id, person, municipality, reason, proposed_by, proposed_at)
    VALUES (new_id, of_person, in_municipality, why, by_whom, at)
$$;

-- 'done', 'unknown' when there is no such open proposal, 'same' when one person would decide alone.
CREATE OR REPLACE FUNCTION vault.destroy(the_disposal uuid, by_whom text, at timestamptz) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = vault, pg_temp AS $$
DECLARE
    proposal vault.disposals;
BEGIN
    SELECT * INTO proposal FROM vault.disposals d WHERE d.id = the_disposal AND d.confirmed_by IS NULL FOR UPDATE;
    IF NOT FOUND THEN
        RETURN 'unknown';
    ELSIF proposal.proposed_by = by_whom THEN
        RETURN 'same';
    END IF;
    UPDATE vault.disposals SET confirmed_by = by_whom, confirmed_at = at WHERE id = the_disposal;
    UPDATE vault.keys SET wrapped_by = NULL, wrapped = NULL, disposal = the_disposal
    WHERE person = proposal.person AND wrapped IS NOT NULL;
    -- With the commit every process forgets the key it may have opened.
    PERFORM pg_notify('vault_destroyed', proposal.person::text);
    RETURN 'done';
END
$$;

REVOKE ALL ON ALL FUNCTIONS IN SCHEMA vault FROM PUBLIC;
GRANT USAGE ON SCHEMA vault TO vault_client;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA vault TO vault_client;
RESET ROLE;
