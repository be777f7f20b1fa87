-- Proxies that requests of a cohort go through, and how many of them. Goes on from `facts` (explore/facts.ts).
SELECT
  leftPad(lower(hex(passed.proxy)), 16, '0') AS proxy, toString(passed.instance) AS instance, n,
  (SELECT (sum(sign * counts), toFloat64(sum(toInt64(sign) * unweighted))) FROM facts) AS all_
FROM (
  SELECT proxy, instance, sum(sign * counts) AS n
  FROM (
{{traversals}}
  )
  GROUP BY proxy, instance
  HAVING n > 0
) AS passed
