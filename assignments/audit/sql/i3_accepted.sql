-- the mail server took a mail twice, or one not promised or not sent, or lacks a sent one (Message-IDs)
-- The log was read at `read_at`: what was sent after that cannot stand in it. Only our own Message-IDs count.
WITH log AS (
    SELECT message_id, count(*) AS times
    FROM unnest(%(mails)s::text[]) AS message_id
    WHERE message_id LIKE '%%@table-assignment>'
    GROUP BY message_id
)
SELECT coalesce(m.message_id, log.message_id)
FROM outbox_messages m FULL JOIN log ON log.message_id = m.message_id
WHERE log.times > 1
   OR m.message_id IS NULL
   OR (log.times IS NULL AND m.status = 'sent' AND m.sent_at < %(read_at)s)
   OR (log.times = 1 AND m.status IN ('pending', 'dead'))
