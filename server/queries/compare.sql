-- Facts by stratum and stretch of time: the buckets of their values, and the requests that each stands for (one number where it is the same
-- for all). Goes on from `facts` with `inA` and `inB` (cohort-facts.ts). Counting by bucket would make as many groups as there are facts, or
-- nearly; what makes a stratum is grouped by as it is stored, and put into words only then: words of every fact would double the price.
SELECT
  {{words}}, toLowCardinality(level) AS level, slot, inA, inB,
  toFloat64(sum(toInt64(sign))) AS requests, toFloat64(sumIf(toInt64(sign), known)) AS n, toFloat64(sum(toInt64(sign) * unweighted)) AS unweighted,
  groupArrayIf(bucket, known) AS buckets,
  if(minIf(stands, known) = maxIf(stands, known), [minIf(stands, known)], groupArrayIf(stands, known)) AS weights
FROM (
  SELECT
    {{columns}}, level, toUInt32(intDiv(toUnixTimestamp(start), {slotSeconds:UInt32})) AS slot, inA, inB, sign, unweighted, sign * counts AS stands,
    value IS NOT NULL AS known, assumeNotNull(value) AS ns, toInt16(sign(ns) * (1 + floor(32 * log2(greatest(abs(ns), 1))))) AS bucket
  FROM facts
)
GROUP BY {{columns}}, level, slot, inA, inB
