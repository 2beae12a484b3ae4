-- Event volume by type
SELECT event_type, COUNT(*) as count
FROM observability_events
WHERE source = 'assignment.state_machine'
  AND created_at > NOW() - INTERVAL '24 hours'
GROUP BY event_type;
