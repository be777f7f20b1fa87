-- Requests of a cohort by the minute that they began in, and the spans of those that are read. Goes on from `facts` (explore/facts.ts).
SELECT
  toUInt32(toStartOfMinute(start)) AS minute, toFloat64(sumIf(sign, duration IS NOT NULL)) AS requests,
  toFloat64(sumIf(sign, duration IS NULL)) AS rootless,
  toFloat64(sumIf(sign * toInt64(span_rows), duration IS NOT NULL AND span_rows <= {mostSpans:UInt32})) AS spans
FROM facts
GROUP BY minute
ORDER BY minute
