-- Bookings that people gave other tables.
SELECT m.id,
       m.created_at AS at,
       u.username AS actor,
       'booking' AS kind,
       b.reference AS about,
       b.reference,
       b.restaurant_id,
       'moved it to other tables' AS what,
       NULL::smallint AS flag,
       (SELECT string_agg(t.number, ' + ' ORDER BY array_position(m.from_tables, t.id))
        FROM tables t WHERE t.id = ANY (m.from_tables)) AS before,
       (SELECT string_agg(t.number, ' + ' ORDER BY array_position(m.to_tables, t.id))
        FROM tables t WHERE t.id = ANY (m.to_tables)) AS after,
       replace(m.cause, '_', ' ') AS reason
FROM booking_moves m
JOIN auth_user u ON u.id = m.actor_id
JOIN bookings b ON b.id = m.booking_id
WHERE m.actor_id IS NOT NULL
