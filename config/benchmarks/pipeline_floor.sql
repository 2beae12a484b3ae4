-- What one booking on the direct path must read and write, as few statements and round trips as
-- PostgreSQL allows: two reads, then claim and finish as one pipeline and one commit each.
\set n :n + 1
\set id :first + :n * :clients + :client_id
SELECT b.restaurant_id, b.start_at, b.end_at, b.assignment_state_version AS version, r.buffer_minutes,
       (SELECT min(t.id) FROM tables t WHERE t.restaurant_id = r.id) AS table_id
FROM bookings b JOIN restaurants r ON r.id = b.restaurant_id WHERE b.id = :id \gset

\startpipeline
BEGIN;
UPDATE assignment_slots SET booking_id = :id, token = gen_random_uuid(), lease_until = clock_timestamp() + interval '30 s'
WHERE id = (SELECT id FROM assignment_slots WHERE restaurant_id = :restaurant_id AND lease_until IS NULL
            ORDER BY number LIMIT 1 FOR UPDATE SKIP LOCKED);
WITH moved AS (
    UPDATE bookings SET assignment_state = 'assignment_in_progress', assignment_state_version = :version + 3,
                        assignment_attempts = 1, assignment_path = 'active', assignment_flag_version = 1, updated_at = now()
    WHERE id = :id AND assignment_state = 'created' AND assignment_state_version = :version RETURNING id)
INSERT INTO booking_assignment_state_history (booking_id, from_state, to_state, version, metadata, created_at)
SELECT moved.id, leg.*, '{}', now() FROM moved,
    unnest('{created,capacity_verified,assignment_pending}'::text[],
           '{capacity_verified,assignment_pending,assignment_in_progress}'::text[],
           ARRAY[:version + 1, :version + 2, :version + 3]::int[]) leg;
INSERT INTO observability_events (source, event_type, severity, context, restaurant_id, booking_id, created_at)
SELECT source, event_type, 'info', context::jsonb, :restaurant_id, :id, now() FROM (VALUES
    ('assignment.state_machine', 'booking.assignment_state_transition', '{"from": "created", "to": "capacity_verified", "version": 2, "reason": null, "metadata": {}}'),
    ('assignment.state_machine', 'booking.assignment_state_transition', '{"from": "capacity_verified", "to": "assignment_pending", "version": 3, "reason": null, "metadata": {}}'),
    ('assignment.state_machine', 'booking.assignment_state_transition', '{"from": "assignment_pending", "to": "assignment_in_progress", "version": 4, "reason": null, "metadata": {}}'),
    ('assignment.coordinator', 'coordinator.start', '{"mode": "active", "trigger": "floor", "flag_version": 1}'),
    ('assignment.coordinator', 'coordinator.lock_acquired', '{"wait_ms": 0.2, "ttl_ms": 30000}'),
    ('assignment.coordinator', 'coordinator.rate_permit_acquired', '{"in_use": 1, "limit": 3}')) AS event(source, event_type, context);
COMMIT;
\endpipeline

SELECT b.id, b.party_size, b.start_at, b.end_at, array_agg(a.table_id)
FROM booking_table_allocations a JOIN bookings b ON b.id = a.booking_id
WHERE a.restaurant_id = :restaurant_id AND a.active
  AND a.period && tstzrange(:start_at::timestamptz - interval '10 h', :end_at::timestamptz + interval '10 h')
GROUP BY b.id;

\startpipeline
BEGIN;
UPDATE assignment_slots SET booking_id = NULL, token = NULL, lease_until = NULL
WHERE booking_id = :id AND lease_until > clock_timestamp();
INSERT INTO booking_table_allocations (restaurant_id, booking_id, table_id, period, active, created_at)
VALUES (:restaurant_id, :id, :table_id,
        tstzrange(:start_at::timestamptz, :end_at::timestamptz + make_interval(mins => :buffer_minutes::int)), true, now())
ON CONFLICT DO NOTHING;
WITH moved AS (
    UPDATE bookings SET assignment_state = 'confirmed', assignment_state_version = :version + 5, status = 'confirmed',
                        assignment_strategy = 'floor', assignment_cycle_start = 1, auto_assign_last_result = '{}', updated_at = now()
    WHERE id = :id AND assignment_state = 'assignment_in_progress' AND assignment_state_version = :version + 3 RETURNING id)
INSERT INTO booking_assignment_state_history (booking_id, from_state, to_state, version, metadata, created_at)
SELECT moved.id, leg.*, '{}', now() FROM moved,
    unnest('{assignment_in_progress,assigned}'::text[], '{assigned,confirmed}'::text[],
           ARRAY[:version + 4, :version + 5]::int[]) leg;
INSERT INTO observability_events (source, event_type, severity, context, restaurant_id, booking_id, created_at)
SELECT source, event_type, 'info', context::jsonb, :restaurant_id, :id, now() FROM (VALUES
    ('assignment.state_machine', 'booking.assignment_state_transition', '{"from": "assignment_in_progress", "to": "assigned", "version": 5, "reason": null, "metadata": {}}'),
    ('assignment.state_machine', 'booking.assignment_state_transition', '{"from": "assigned", "to": "confirmed", "version": 6, "reason": null, "metadata": {}}'),
    ('assignment.engine', 'attempt.success', '{"strategy": "floor", "score": 1.0, "plans": 1, "duration_ms": 1.0}'),
    ('assignment.coordinator', 'coordinator.confirmed', '{"strategy": "floor", "attempts": 1, "duration_ms": 1.0, "moves": 0}')) AS event(source, event_type, context);
INSERT INTO booking_assignment_attempts (booking_id, attempt_no, strategy, result, metadata, created_at)
VALUES (:id, 1, 'floor', 'success', '{"plans": []}', now());
INSERT INTO outbox_messages (booking_id, kind, revision, status, due_at, attempts, message_id, last_error, created_at)
VALUES (:id, 'confirmation', :version + 5, 'pending', now(), 0, '<floor.' || :id::text || '@table-assignment>', '', now());
INSERT INTO django_q_ormq (key, payload, lock) VALUES ('floor', repeat('payload ', 32), now());
COMMIT;
\endpipeline
