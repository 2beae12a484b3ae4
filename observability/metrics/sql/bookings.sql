-- What each booking adds: that it was received, with its covers. Imported history was never received.
SELECT b.id, b.restaurant_id, b.created_at AS at, 'received' AS series, b.channel AS label,
       b.party_size::float8 AS value
FROM ({rows}) b
WHERE b.assignment_state IS NOT NULL
