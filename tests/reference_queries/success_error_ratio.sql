-- Success/error ratio (last 6 hours)
select event_type,
       count(*)                                                      as total,
       count(*) filter (where context->>'reason' is null)            as successes,
       count(*) filter (where context->>'reason' is not null)        as failures
from observability_events
where source in ('assignment.coordinator', 'assignment.state_machine')
  and created_at >= now() - interval '6 hours'
group by 1
order by 1;
