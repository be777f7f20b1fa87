current AS (
  -- Without what a revision replaced.
  SELECT * FROM facts
  WHERE sign = 1 AND (trace_id, revision) NOT IN (SELECT trace_id, revision FROM facts WHERE sign = -1)
)
