-- Drops one day of events and says how many there were; null if nothing was dropped, because there is no
-- such partition or because it holds events that the rollups have not counted yet.
-- Runs with its owner's rights, and so refuses by itself what must never go: a day of the last week.
-- Dropped, not deleted: no row is touched, and it takes the same time at any size.
CREATE FUNCTION drop_events_partition(day date) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT SET lock_timeout = '2s' AS $$
DECLARE
    part text := 'observability_events_' || to_char(day, 'YYYYMMDD');
    held bigint;
    latest bigint;
BEGIN
    IF day > (statement_timestamp() AT TIME ZONE 'UTC')::date - 7 THEN
        RAISE EXCEPTION 'events of % are kept: no day of the last week is dropped', day
            USING ERRCODE = 'restrict_violation';
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
