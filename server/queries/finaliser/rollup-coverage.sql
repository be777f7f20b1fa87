-- Adds the facts of one job to the coverage ledger. Run again under the same token it adds nothing.
-- Layers of a proxy: whether spans of a caller, of its own upstream calls and of a callee were seen; of a hop: of the
-- caller, of proxies between, of the callee, and whether the wire is told apart.
-- settled_at of a job is the second of its id (Unix ms << 21): it names the one partition to look into.
-- A start that a DateTime cannot hold (before 1970, after 2106) is a fact but in no rollup.
INSERT INTO coverage_1m
SELECT kind, id, what, time, sum(toInt64(sign)) AS requests
FROM (
  SELECT
    'proxy' AS kind, proxy_id AS id, toStartOfMinute(start) AS time, sign,
    arrayConcat(
      ['requests'],
      if(caller != '', ['layer:caller'], []),
      if(bitAnd(flags, 256) = 0, ['layer:upstream'], []),
      if(callee != '', ['layer:callee'], []),
      arrayMap(bit -> concat('flag:', {flagNames:Array(String)}[bit + 1]), bitPositionsToArray(flags))
    ) AS whats
  FROM proxies
  WHERE job = {job:UInt64} AND settled_at = toDateTime(intDiv({job:UInt64}, 2097152000), 'UTC')
    AND start >= '1970-01-01 00:00:00' AND start < '2106-02-07 00:00:00'
  UNION ALL
  SELECT
    'hop' AS kind, hop_id AS id, toStartOfMinute(start) AS time, sign,
    arrayConcat(
      ['requests'],
      if(caller != '', ['layer:caller'], []),
      if(notEmpty(via), ['layer:proxy'], []),
      if(callee != '', ['layer:callee'], []),
      if(wire IS NOT NULL, ['layer:wire'], []),
      arrayMap(bit -> concat('flag:', {flagNames:Array(String)}[bit + 1]), bitPositionsToArray(flags))
    ) AS whats
  FROM hops
  WHERE job = {job:UInt64} AND settled_at = toDateTime(intDiv({job:UInt64}, 2097152000), 'UTC')
    AND start >= '1970-01-01 00:00:00' AND start < '2106-02-07 00:00:00'
)
ARRAY JOIN whats AS what
GROUP BY kind, id, what, time
ORDER BY kind, id, time, what
