-- Dashboards call TimescaleDB's time_bucket; where that extension is absent, date_bin answers.
DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_proc WHERE proname = 'time_bucket') THEN
        CREATE FUNCTION time_bucket(width interval, moment timestamptz) RETURNS timestamptz
            LANGUAGE sql IMMUTABLE PARALLEL SAFE
            AS 'SELECT date_bin(width, moment, timestamptz ''2000-01-03 00:00:00+00'')';
    END IF;
END
$$;
