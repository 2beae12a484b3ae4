-- What each row adds to which series: the one definition, used to fill the rollups and to read the rest.
-- The label of a distribution is its bin (log_bin). Each part is headed by the series it adds to; a reader
-- takes the parts it needs.
SELECT e.id, e.restaurant_id, e.created_at AS at, m.series, m.label, m.value
FROM ({rows}) e
CROSS JOIN LATERAL (
    SELECT CASE
        WHEN e.event_type = 'auto_assign.transition' THEN 'legacy'
        WHEN e.event_type <> 'booking.assignment_state_transition' THEN NULL
        WHEN e.context->>'mode' = 'shadow' THEN 'shadow'
        ELSE 'v3' END AS path
) t
CROSS JOIN LATERAL (
    --: event
    SELECT 'event', e.event_type || CASE WHEN t.path = 'shadow' THEN ' (shadow)' ELSE '' END, NULL::float8
    --: transition shadow_transition
    SELECT CASE t.path WHEN 'shadow' THEN 'shadow_transition' ELSE 'transition' END,
           concat_ws('>', e.context->>'from', e.context->>'to'), NULL::float8
    WHERE t.path IS NOT NULL
    --: first_transition
    SELECT 'first_transition', t.path, NULL::float8
    WHERE t.path IN ('v3', 'legacy') AND e.context->>'version' = '2'
    --: review_left review_time
    SELECT r.series, CASE r.series WHEN 'review_time' THEN r.bin ELSE coalesce(r.person, '') END, r.seconds
    FROM (
        SELECT s.series, h.actor_id::text AS person, log_bin(w.seconds) AS bin, w.seconds
        FROM (VALUES ('review_left'), ('review_time')) s(series)
        LEFT JOIN booking_assignment_state_history h
            ON h.booking_id = e.booking_id AND h.version = (e.context->>'version')::int
        LEFT JOIN booking_assignment_state_history entered
            ON entered.booking_id = e.booking_id AND entered.version = (e.context->>'version')::int - 1
        CROSS JOIN LATERAL (
            SELECT coalesce(extract(epoch FROM e.created_at - entered.created_at), 0)::float8 AS seconds) w
    ) r
    WHERE t.path IN ('v3', 'legacy') AND e.context->>'from' = 'manual_review'
    --: run
    SELECT 'run', substr(e.event_type, 13), NULL::float8
    WHERE e.event_type IN ('coordinator.start', 'coordinator.error') AND e.booking_id IS NOT NULL
    --: strategy
    SELECT 'strategy', coalesce(e.context->>'strategy', ''), (e.context->>'moves')::float8
    WHERE e.event_type = 'coordinator.confirmed'
    --: attempts
    SELECT 'attempts', e.context->>'attempts', (e.context->>'attempts')::float8
    WHERE e.event_type IN ('coordinator.confirmed', 'coordinator.manual_review')
      AND (e.context->>'attempts')::int > 0
    --: latency
    SELECT 'latency', log_bin((e.context->>'duration_ms')::float8), (e.context->>'duration_ms')::float8
    WHERE e.event_type IN ('coordinator.confirmed', 'coordinator.manual_review')
      AND (e.context->>'attempts')::int > 0
    --: retry
    SELECT 'retry', coalesce(e.context->>'reason', ''), (e.context->>'delay_ms')::float8
    WHERE e.event_type = 'coordinator.retry'
    --: noop
    SELECT 'noop', coalesce(e.context->>'reason', ''), NULL::float8
    WHERE e.event_type = 'coordinator.noop'
    --: lock_wait
    SELECT 'lock_wait', log_bin((e.context->>'wait_ms')::float8), (e.context->>'wait_ms')::float8
    WHERE e.event_type = 'coordinator.lock_acquired'
    --: permit
    SELECT 'permit', e.context->>'in_use', (e.context->>'limit')::float8
    WHERE e.event_type = 'coordinator.rate_permit_acquired'
    --: attempt_failed
    SELECT 'attempt_failed', coalesce(e.context->>'reason', ''), NULL::float8
    WHERE e.event_type = 'attempt.failure'
    --: legacy
    SELECT 'legacy', concat_ws('>', e.context->>'path', e.context->>'result'), NULL::float8
    WHERE e.event_type = 'auto_assign.summary'
    --: legacy_latency
    SELECT 'legacy_latency', log_bin((e.context->>'duration_ms')::float8), (e.context->>'duration_ms')::float8
    WHERE e.event_type = 'auto_assign.summary' AND (e.context->>'attempts')::int > 0
    --: legacy_attempts
    SELECT 'legacy_attempts', e.context->>'attempts', (e.context->>'attempts')::float8
    WHERE e.event_type = 'auto_assign.summary' AND (e.context->>'attempts')::int > 0
    --: legacy_retry
    SELECT 'legacy_retry', coalesce(e.context->>'reason', ''), (e.context->>'delay_ms')::float8
    WHERE e.event_type = 'auto_assign.retry_scheduled'
    --: legacy_strategy
    SELECT 'legacy_strategy', coalesce(e.context->>'strategy', ''), NULL::float8
    WHERE e.event_type = 'auto_assign.attempt' AND e.context->>'result' = 'success'
    --: shadow shadow_noise shadow_pair shadow_latency
    SELECT s.series, s.label, s.value
    FROM (VALUES
        ('shadow', e.context->>'class', NULL::float8),
        ('shadow_noise', e.context->>'noise_class', NULL),
        ('shadow_pair', concat_ws('>',
            CASE WHEN e.context->>'legacy_score' IS NULL THEN 'review' ELSE 'confirmed' END,
            CASE WHEN e.context->>'v3_score' IS NULL THEN 'review' ELSE 'confirmed' END), NULL),
        ('shadow_latency', log_bin((e.context->>'duration_ms')::float8), (e.context->>'duration_ms')::float8)
    ) s(series, label, value)
    WHERE e.event_type = 'shadow.compared'
      AND (s.series <> 'shadow_pair' OR e.context->>'class' IN
           ('match', 'equivalent', 'better', 'worse', 'legacy_only', 'v3_only', 'both_failed'))
    --: mail
    SELECT 'mail', concat_ws('>', substr(e.event_type, 6), e.context->>'kind'), NULL::float8
    WHERE e.event_type IN ('mail.sent', 'mail.retry', 'mail.unknown', 'mail.dead')
    --.
) m(series, label, value)
WHERE m.label IS NOT NULL
