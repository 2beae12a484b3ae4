-- Mails sent in the window, and those beyond one for each promise of its kind that the booking has.
SELECT coalesce(sum(sent), 0)::bigint AS sent,
       coalesce(sum(greatest(sent - promised, 0)), 0)::bigint AS repeated
FROM (
    SELECT e.booking_id, e.context->>'kind' AS kind, count(*) AS sent,
           (SELECT count(*) FROM outbox_messages m
            WHERE m.booking_id = e.booking_id AND m.kind = e.context->>'kind') AS promised
    FROM observability_events e
    WHERE e.event_type = 'mail.sent' AND e.created_at >= %(start)s AND e.created_at < %(end)s
      AND e.booking_id IS NOT NULL
    GROUP BY 1, 2
) mails
