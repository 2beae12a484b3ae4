-- By restaurant: runs that found their booking locked by another, of all that asked for the lock; each row.
SELECT restaurant_id, count(*) FILTER (WHERE event_type = 'coordinator.lock_contention')::bigint AS contended,
       count(*)::bigint AS asked
FROM observability_events
WHERE event_type IN ('coordinator.lock_contention', 'coordinator.lock_acquired')
  AND created_at >= %(start)s AND created_at < %(end)s AND restaurant_id IS NOT NULL
GROUP BY 1
