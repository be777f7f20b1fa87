,
-- ns on the critical path by class and step.
classes AS (
  SELECT metric, intDiv(toUInt32(time), {step:UInt32}) * {step:UInt32} AS start, sum(sum) AS total
  FROM rollup
  WHERE (empty({environment:String}) OR environment = {environment:String})
    AND (empty({cluster:String}) OR cluster = {cluster:String})
    AND (empty({namespace:String}) OR namespace = {namespace:String})
  GROUP BY metric, start
)
SELECT substring(metric, 7) AS class, toUInt32(start) AS startSeconds, toFloat64(total) AS total
FROM classes
WHERE total > 0
