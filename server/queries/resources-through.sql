-- Proxies that requests of a cohort go through, and how many of them. Goes on from `facts` (explore/facts.ts).
SELECT
  leftPad(lower(hex(proxy)), 16, '0') AS proxy, toString(instance) AS instance, sum(sign * counts) AS n,
  (SELECT (sum(sign * counts), toFloat64(sum(toInt64(sign) * unweighted))) FROM facts) AS all_
FROM (
{{traversals}}
)
GROUP BY proxy, instance
HAVING n > 0
