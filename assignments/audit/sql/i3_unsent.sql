-- a promised mail is long due and neither sent nor shown to people (bookings)
-- A minute more than bookings get, since lost senders are looked for less often. A refused mail (dead)
-- and an unclear one (unknown) are settled: people see them.
SELECT booking_id
FROM outbox_messages
WHERE status IN ('pending', 'inflight')
  AND (%(within)s::interval IS NULL
       OR clock_timestamp() - %(within)s::interval - interval '1 minute'
          > CASE status WHEN 'pending' THEN due_at ELSE claimed_at END)
