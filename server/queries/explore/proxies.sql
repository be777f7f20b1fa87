-- Traversals of proxies in a window as Explore sees facts: one measure as level and value. bounded: the upper bound, open above: none.
-- Facts that a revision replaced are there again with sign -1, so that sums come out right.
SELECT
  *, proxy_id AS entity, trace_start AS begun,
  {levelColumn:Identifier} AS level,
  ifNull({valueColumn:Identifier}, {hiColumn:Identifier}) AS value,
  bitAnd(flags, 131072) != 0 AS unweighted, if(unweighted, 1., weight) AS counts
FROM proxies
WHERE start >= fromUnixTimestamp64Milli({fromMs:Int64}, 'UTC') AND start < fromUnixTimestamp64Milli({toMs:Int64}, 'UTC')
