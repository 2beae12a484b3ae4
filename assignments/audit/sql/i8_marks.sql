-- something outside the comparisons says that a shadow run wrote it (bookings)
SELECT booking_id FROM booking_assignment_attempts
WHERE metadata->>'mode' = 'shadow' OR metadata->>'source' = 'shadow'
UNION ALL
SELECT booking_id FROM booking_assignment_state_history
WHERE metadata->>'mode' = 'shadow' OR metadata->>'source' = 'shadow'
UNION ALL
SELECT id FROM bookings
WHERE auto_assign_last_result->>'mode' = 'shadow' OR auto_assign_last_result->>'source' = 'shadow'
