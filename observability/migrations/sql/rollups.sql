-- What is derived from the events: never edited by hand, rebuilt from them at will. Keyed by several
-- columns and read by SQL alone, so no model stands for these tables (docs/adr/0080-rollups.md).

-- How far each growing table has been counted: every row up to the id `rolled_to`, and none above.
-- `next_to` is the highest id given out when it was looked at, `writers` are the transactions that were
-- writing then: once they are over, no id up to `next_to` can appear any more.
CREATE TABLE observability_feeds (
    feed text PRIMARY KEY CHECK (feed IN ('events', 'bookings')),
    rolled_to bigint NOT NULL DEFAULT 0,
    next_to bigint NOT NULL DEFAULT 0,
    writers text[] NOT NULL DEFAULT '{}',
    rolled_at timestamptz,
    CHECK (rolled_to <= next_to)
);
INSERT INTO observability_feeds (feed) VALUES ('events'), ('bookings');

-- Counts by bucket. `width` in seconds: 60 for all restaurants together, 3600 and 86400 also by
-- restaurant; restaurant 0 is all of them. `total` and `peak` are sum and maximum of the measured value.
CREATE TABLE observability_rollups (
    series text NOT NULL,
    restaurant_id bigint NOT NULL,
    width integer NOT NULL CHECK (width IN (60, 3600, 86400)),
    bucket timestamptz NOT NULL,
    label text NOT NULL,
    count bigint NOT NULL,
    total double precision NOT NULL,
    peak double precision,
    PRIMARY KEY (series, restaurant_id, width, bucket, label)
) WITH (fillfactor = 80);

-- A booking's outcome: the first of confirmed and manual_review that it reached, dated then.
CREATE TABLE observability_outcomes (
    booking_id bigint PRIMARY KEY,
    event_id bigint NOT NULL,
    restaurant_id bigint,
    at timestamptz NOT NULL,
    path text NOT NULL CHECK (path IN ('v3', 'legacy')),
    outcome text NOT NULL CHECK (outcome IN ('confirmed', 'manual_review')),
    reason text,
    waited_ms double precision
);
CREATE INDEX outcomes_at ON observability_outcomes (at);

-- Starts and errors of the coordinator, each with the one before it of the same booking: with that,
-- different bookings within any window are counted without sorting them.
CREATE TABLE observability_runs (
    event_id bigint PRIMARY KEY,
    booking_id bigint NOT NULL,
    restaurant_id bigint,
    at timestamptz NOT NULL,
    failed boolean NOT NULL,
    previous_at timestamptz
);
CREATE INDEX runs_booking ON observability_runs (booking_id, at);
CREATE INDEX runs_at ON observability_runs (at) INCLUDE (restaurant_id);
CREATE INDEX runs_repeated ON observability_runs (at) INCLUDE (previous_at, restaurant_id)
    WHERE previous_at IS NOT NULL;
CREATE INDEX runs_failed ON observability_runs (at) INCLUDE (booking_id, restaurant_id) WHERE failed;

-- The bin of a value in a distribution: bin n holds 1.04^n to 1.04^(n+1), so that its middle is never
-- off by more than 2 %; bin -1000 holds what is as good as zero.
CREATE FUNCTION log_bin(value double precision) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$ SELECT CASE WHEN value < 0.01 THEN '-1000' ELSE floor(ln(value) / ln(1.04::float8))::int::text END $$;

-- Events above one id and up to another. A function, because its plan is made once a session: planned
-- with each statement, all partitions cost more time than the few rows do.
CREATE FUNCTION events_between(after bigint, upto bigint) RETURNS SETOF observability_events
    LANGUAGE plpgsql STABLE PARALLEL SAFE ROWS 1000 SET plan_cache_mode = 'force_generic_plan' AS $$
BEGIN
    RETURN QUERY SELECT * FROM observability_events e WHERE e.id > after AND e.id <= upto;
END
$$;

-- What the breaker told, likewise. The types stand here as constants: only then the planner knows how few.
CREATE FUNCTION circuit_events() RETURNS SETOF observability_events
    LANGUAGE plpgsql STABLE PARALLEL SAFE ROWS 10 AS $$
BEGIN
    RETURN QUERY SELECT * FROM observability_events e
        WHERE e.event_type IN ('coordinator.circuit_open', 'coordinator.circuit_closed');
END
$$;
