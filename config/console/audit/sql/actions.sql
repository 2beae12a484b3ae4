-- What people did in the console: one row of the log for each action. Changes of flags are left to their
-- own log, which also tells before and after.
SELECT l.id,
       l.action_time AS at,
       u.username AS actor,
       ct.name AS kind,
       l.object_repr AS about,
       b.reference,
       coalesce(b.restaurant_id, r.id, t.restaurant_id) AS restaurant_id,
       l.change_message AS what,
       l.action_flag AS flag,
       NULL::text AS before,
       NULL::text AS after,
       NULL::text AS reason
FROM django_admin_log l
JOIN auth_user u ON u.id = l.user_id
-- An object's number, where it has one: the log keeps it as text.
CROSS JOIN LATERAL (
    SELECT CASE WHEN l.object_id ~ '^[0-9]{1,18}$' THEN l.object_id::bigint END AS number
) object
LEFT JOIN LATERAL (
    SELECT app_label || '.' || model AS model, replace(model, '_', ' ') AS name
    FROM django_content_type WHERE id = l.content_type_id
) ct ON true
LEFT JOIN bookings b ON ct.model = 'bookings.booking' AND b.id = object.number
LEFT JOIN restaurants r ON ct.model = 'bookings.restaurant' AND r.id = object.number
LEFT JOIN tables t ON ct.model = 'bookings.table' AND t.id = object.number
WHERE ct.model IS DISTINCT FROM 'assignments.flagstate'
