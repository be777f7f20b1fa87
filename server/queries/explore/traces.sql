-- Whole requests in a window as Explore sees facts: one measure as level and value; see proxies.sql. Its span is the root: no id, by its parent.
SELECT
  *, toUInt64(0) AS entity, start AS begun, duration AS trace_duration, toFixedString('', 8) AS span, toUInt16(0) AS status,
  '' AS caller, root_service AS callee, CAST(NULL AS Nullable(Int64)) AS nothing,
  multiIf(
    duration IS NULL OR {hiColumn:Identifier} IS NULL, 'unknown', {estimateColumn:Identifier} IS NOT NULL, 'modelled',
    {loColumn:Identifier} = {hiColumn:Identifier}, 'exact', 'bounded'
  ) AS level,
  if(level = 'unknown', NULL, ifNull({estimateColumn:Identifier}, {hiColumn:Identifier})) AS value,
  bitAnd(flags, 131072) != 0 AS unweighted, if(unweighted, 1., weight) AS counts
FROM traces
WHERE start >= fromUnixTimestamp64Milli({fromMs:Int64}, 'UTC') AND start < fromUnixTimestamp64Milli({toMs:Int64}, 'UTC')
