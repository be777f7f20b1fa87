-- Hops in a window as Explore sees facts: one measure as level and value; see proxies.sql. The span is the callee's, else the caller's.
SELECT
  *, hop_id AS entity, trace_start AS begun, if(callee_span != toFixedString('', 8), callee_span, caller_span) AS span,
  if({valueColumn:String} = 'wire', if(wire IS NULL, 'unknown', 'exact'), toString(transit_fidelity)) AS level,
  ifNull({valueColumn:Identifier}, {hiColumn:Identifier}) AS value,
  bitAnd(flags, 131072) != 0 AS unweighted, if(unweighted, 1., weight) AS counts
FROM hops
WHERE start >= fromUnixTimestamp64Milli({fromMs:Int64}, 'UTC') AND start < fromUnixTimestamp64Milli({toMs:Int64}, 'UTC')
