DROP FUNCTION ensure_events_partition(date);
DROP TABLE observability_events;
