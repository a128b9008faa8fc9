-- Partitions the tables of sweeps by the hash of the sweep's id, in one transaction.
--
-- For installations past 100 million rows; see docs/postgresql.md. Stop all registries first: the
-- tables are copied, and nothing may write to them meanwhile. The number of partitions is a setting
-- of the session, 16 by default:
--
--     psql "$URL" --set ON_ERROR_STOP=1 -c "SET wanllmdb.partitions = 32" --file partition.sql
--
-- The copied tables stay in the schema wanllmdb_whole until you drop it:
--
--     DROP SCHEMA wanllmdb_whole CASCADE
--
-- `replies` stays whole: it holds a day, and old replies are deleted by their physical position,
-- which is unique in one table only.
BEGIN;

CREATE SCHEMA wanllmdb_whole;

DO $$
DECLARE
    partitions integer := coalesce(nullif(current_setting('wanllmdb.partitions', true), ''), '16');
    name text;
    part record;
BEGIN
    FOREACH name IN ARRAY ARRAY['runs', 'metric_points', 'last_values', 'prior_runs', 'sweep_events']
    LOOP
        -- The indexes and constraints move along, so that the new ones get their names.
        EXECUTE format('ALTER TABLE public.%I SET SCHEMA wanllmdb_whole', name);
        EXECUTE format(
            'CREATE TABLE public.%I (LIKE wanllmdb_whole.%I INCLUDING DEFAULTS INCLUDING STORAGE) '
            'PARTITION BY HASH (sweep_id)', name, name
        );
        FOR i IN 0 .. partitions - 1 LOOP
            EXECUTE format(
                'CREATE TABLE public.%I PARTITION OF public.%I '
                'FOR VALUES WITH (MODULUS %s, REMAINDER %s)', name || '_' || i, name, partitions, i
            );
        END LOOP;
        EXECUTE format('INSERT INTO public.%I SELECT * FROM wanllmdb_whole.%I', name, name);
        FOR part IN
            SELECT conname, pg_get_constraintdef(oid) AS definition FROM pg_constraint
            WHERE conrelid = format('wanllmdb_whole.%I', name)::regclass AND contype IN ('p', 'f')
        LOOP
            EXECUTE format(
                'ALTER TABLE public.%I ADD CONSTRAINT %I %s', name, part.conname, part.definition
            );
        END LOOP;
        FOR part IN
            SELECT indexdef FROM pg_indexes
            WHERE schemaname = 'wanllmdb_whole' AND tablename = name
                AND indexname NOT IN (
                    SELECT conname FROM pg_constraint
                    WHERE conrelid = format('wanllmdb_whole.%I', name)::regclass
                )
        LOOP
            EXECUTE replace(part.indexdef, ' ON wanllmdb_whole.', ' ON public.');
        END LOOP;
        EXECUTE format('ANALYZE public.%I', name);
    END LOOP;
END
$$;

COMMIT;
