-- the mail server took a mail twice, or one not promised or not sent, or lacks a sent one (Message-IDs)
-- The log was read at `read_at`: what was sent after that cannot stand in it. Only our own Message-IDs count.
-- A mail that people sent again carries ".r1", ".r2", … before the @; an earlier sending may stand in the log.
WITH log AS (
    SELECT message_id, regexp_replace(message_id, '\.r\d+@', '@') AS promised, count(*) AS times
    FROM unnest(%(mails)s::text[]) AS message_id
    WHERE message_id LIKE '%%@table-assignment>'
    GROUP BY message_id
), outbox AS (
    SELECT message_id, status, sent_at,
           CASE resends WHEN 0 THEN message_id
                        ELSE replace(message_id, '@', '.r' || resends || '@') END AS sent_as
    FROM outbox_messages
)
SELECT coalesce(o.sent_as, log.message_id)
FROM outbox o FULL JOIN log ON log.message_id = o.sent_as
WHERE log.times > 1
   OR (log.times IS NULL AND o.status = 'sent' AND o.sent_at < %(read_at)s)
   OR (log.times = 1 AND o.status IN ('pending', 'dead', 'void', 'suppressed'))
   OR (o.sent_as IS NULL
       AND NOT EXISTS (SELECT FROM outbox_messages m WHERE m.message_id = log.promised
                       AND m.resends > coalesce(substring(log.message_id FROM '\.r(\d+)@')::int, 0)))
