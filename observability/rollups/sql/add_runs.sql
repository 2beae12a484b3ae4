-- The coordinator's starts and errors among the events above one id and up to another.
INSERT INTO observability_runs (event_id, booking_id, restaurant_id, at, failed)
SELECT id, booking_id, restaurant_id, created_at, event_type = 'coordinator.error'
FROM events_between(%(after)s, %(upto)s)
WHERE event_type IN ('coordinator.start', 'coordinator.error') AND booking_id IS NOT NULL
