DROP FUNCTION circuit_events();
DROP FUNCTION events_between(bigint, bigint);
DROP FUNCTION log_bin(double precision);
DROP TABLE observability_runs;
DROP TABLE observability_outcomes;
DROP TABLE observability_rollups;
DROP TABLE observability_feeds;
