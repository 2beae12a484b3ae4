-- Whether a transition is one that hardly any booking makes: back onto the path from an outcome, or off it
-- without one. Such a booking may have stood still although its first outcome came soon.
CREATE FUNCTION is_detour(event_type text, context jsonb) RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$
    SELECT event_type IN ('booking.assignment_state_transition', 'auto_assign.transition')
       AND CASE WHEN context->>'from' IN ('cancelled', 'confirmed', 'manual_review')
                THEN context->>'to' NOT IN ('cancelled', 'confirmed', 'manual_review')
                ELSE context->>'to' = 'cancelled' END
$$;
CREATE INDEX events_detours ON observability_events (booking_id) WHERE is_detour(event_type, context);

-- First outcomes that took long.
CREATE INDEX outcomes_slow ON observability_outcomes (at) INCLUDE (booking_id) WHERE waited_ms >= 600000;
