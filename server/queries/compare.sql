-- Facts by stratum and stretch of time, a histogram each: bucket keys, and the requests that they stand for. Goes on from `facts`
-- (explore/facts.ts). Buckets are counted as rows of their own first: half the price of a map. What makes a stratum is grouped by as it is
-- stored, and put into words only then: words of every fact would double the price.
SELECT
  {{words}} AS words, slot, level, toFloat64(sum(rows_)) AS requests, toFloat64(sumIf(rows_, NOT lost)) AS n, sumIf(weight_, NOT lost) AS weight,
  toFloat64(sum(unweighted_)) AS unweighted,
  groupArrayIf(bucket, NOT lost) AS keys, groupArrayIf(weight_, NOT lost) AS counts
FROM (
  SELECT
    {{columns}}, toUInt32(intDiv(toUnixTimestamp(start), {slotSeconds:UInt32})) AS slot, level, value IS NULL AS lost,
    toInt16(ifNull(sign(value) * (1 + floor(32 * log2(greatest(abs(value), 1)))), 0)) AS bucket,
    sum(toInt64(sign)) AS rows_, sum(sign * counts) AS weight_, sum(toInt64(sign) * unweighted) AS unweighted_
  FROM facts
  GROUP BY {{columns}}, slot, level, lost, bucket
)
GROUP BY {{columns}}, slot, level
