-- Both run with their owner's rights, so neither may be led to other tables: temporary ones are looked at first
-- unless they are named last.
ALTER FUNCTION ensure_events_partition(date) SET search_path = public, pg_temp;

-- The days of events that nobody but the owner can have dropped; set by `manage.py database_roles`. A function and
-- no setting, which a session could change for itself.
CREATE OR REPLACE FUNCTION events_kept_days() RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT 7';

-- Drops one day of events and says how many there were; null if nothing was dropped, because there is no
-- such partition or because it holds events that the rollups have not counted yet.
-- What must never go it refuses by itself: a day of the last week, or of as many days as the owner keeps.
CREATE OR REPLACE FUNCTION drop_events_partition(day date) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET lock_timeout = '2s' AS $$
DECLARE
    part text := 'observability_events_' || to_char(day, 'YYYYMMDD');
    kept integer := events_kept_days();
    held bigint;
    latest bigint;
BEGIN
    IF day > (statement_timestamp() AT TIME ZONE 'UTC')::date - 7 THEN
        RAISE EXCEPTION 'events of % are kept: no day of the last week is dropped', day
            USING ERRCODE = 'restrict_violation';
    END IF;
    IF day >= (statement_timestamp() AT TIME ZONE 'UTC')::date - kept THEN
        RAISE EXCEPTION 'events of % are kept: the owner of the database keeps them for % days', day, kept
            USING ERRCODE = 'restrict_violation',
                  HINT = 'After EVENT_RETENTION_DAYS was changed: manage.py database_roles --apply.';
    END IF;
    IF to_regclass(part) IS NULL THEN
        RETURN NULL;
    END IF;
    EXECUTE format('SELECT count(*) FROM %I', part) INTO held;
    -- Counted before, since from here on all writers wait.
    LOCK TABLE observability_events IN ACCESS EXCLUSIVE MODE;
    EXECUTE format('SELECT coalesce(max(id), 0) FROM %I', part) INTO latest;
    IF latest > (SELECT rolled_to FROM observability_feeds WHERE feed = 'events') THEN
        RETURN NULL;
    END IF;
    EXECUTE format('DROP TABLE %I', part);
    RETURN held;
END
$$;
