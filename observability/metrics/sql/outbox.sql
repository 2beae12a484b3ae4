-- Mails that are not sent, by status, and how long overdue the first is that waits.
SELECT status, count(*) AS count,
       coalesce(max(clock_timestamp() - due_at)
                FILTER (WHERE status = 'pending' AND due_at <= clock_timestamp()), interval '0') AS oldest
FROM outbox_messages
WHERE status IN ('pending', 'inflight')
GROUP BY status
UNION ALL
SELECT status, count(*), interval '0' FROM outbox_messages WHERE status IN ('unknown', 'dead') GROUP BY status
