-- By restaurant: the time of each deciding run, or of each wait for a lock, in milliseconds.
SELECT restaurant_id,
       array_agg((context->>CASE event_type WHEN 'coordinator.lock_acquired' THEN 'wait_ms' ELSE 'duration_ms' END)
                 ::float8) AS times
FROM observability_events
WHERE event_type = ANY(%(types)s)
  AND (event_type = 'coordinator.lock_acquired' OR (context->>'attempts')::int > 0)
  AND created_at >= %(start)s AND created_at < %(end)s
  AND restaurant_id IS NOT NULL
GROUP BY 1
