-- The task queue: a task is due once its lock has passed; one that runs or waits has it ahead.
SELECT count(*) FILTER (WHERE lock <= clock_timestamp()) AS due,
       count(*) FILTER (WHERE lock > clock_timestamp()) AS later,
       coalesce(clock_timestamp() - min(lock) FILTER (WHERE lock <= clock_timestamp()), interval '0') AS oldest
FROM django_q_ormq
