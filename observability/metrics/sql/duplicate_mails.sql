-- Mails sent in the window, and those beyond one for each promise of its kind that the booking has.
SELECT coalesce(sum(sent), 0)::bigint AS sent,
       coalesce(sum(greatest(sent - promised, 0)), 0)::bigint AS repeated
FROM (
    SELECT booking_id, context->>'kind' AS kind, count(*) AS sent
    FROM observability_events
    WHERE event_type = 'mail.sent' AND created_at >= %(start)s AND created_at < %(end)s
      AND booking_id IS NOT NULL
    GROUP BY 1, 2
) mails
CROSS JOIN LATERAL (
    SELECT count(*) AS promised FROM outbox_messages m
    WHERE m.booking_id = mails.booking_id AND m.kind = mails.kind
) promises
