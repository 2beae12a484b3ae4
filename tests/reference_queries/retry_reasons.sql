-- Retry reasons + delays (helpful during tuning)
select context->>'reason'  as reason,
       avg((context->>'delay_ms')::numeric) as avg_delay_ms,
       count(*)
from observability_events
where source = 'assignment.coordinator'
  and event_type = 'coordinator.retry'
  and created_at >= now() - interval '24 hours'
group by 1
order by count(*) desc;
