-- Transitions of bookings that people made.
SELECT h.id,
       h.created_at AS at,
       u.username AS actor,
       'booking' AS kind,
       b.reference AS about,
       b.reference,
       b.restaurant_id,
       'moved its state, version ' || h.version AS what,
       NULL::smallint AS flag,
       replace(h.from_state, '_', ' ') AS before,
       replace(h.to_state, '_', ' ') AS after,
       h.reason
FROM booking_assignment_state_history h
JOIN auth_user u ON u.id = h.actor_id
JOIN bookings b ON b.id = h.booking_id
WHERE h.actor_id IS NOT NULL
