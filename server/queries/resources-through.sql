-- Proxies that requests of two cohorts go through, and how many of each. Goes on from `facts` with `inA` and `inB` (cohort-facts.ts).
SELECT leftPad(lower(hex(proxy)), 16, '0') AS proxy, toString(instance) AS instance, nOfA, nOfB
FROM (
  SELECT proxy, instance, sumIf(sign * counts, inA) AS nOfA, sumIf(sign * counts, inB) AS nOfB
  FROM (
{{traversals}}
  )
  GROUP BY proxy, instance
)
WHERE nOfA > 0 OR nOfB > 0
