-- Values of one level: how many, and those at some quantiles, each looked for in one bucket (integers from lo to hi) of a histogram; places from 1 on,
-- as in sides.sql. places: of the values from {least} on, up to 1,000 of them, entity and minute, by which facts are sorted. What a revision replaced is there again with sign -1, and takes its value out. found = 0: a value is not in its bucket.
SELECT
  n,
  arrayMap((q, below) -> floor(q * n) + 1 - below, {quantiles:Array(Float64)}, belows) AS places,
  arrayMap((place, list) -> arrayFirstIndex(count -> count >= place, arrayCumSum(list.2)), places, lists) AS indexes,
  arrayMap((place, at) -> place >= 1 AND at > 0, places, indexes) AS found,
  arrayMap((list, at) -> toFloat64(list.1[at]), lists, indexes) AS values,
  highest.1 AS entities, highest.2 AS minutes
FROM (
  SELECT
    toFloat64(sum(sign)) AS n, [{{belows}}] AS belows, [{{lists}}] AS lists,
    groupUniqArrayIf((entity, toUnixTimestamp(toStartOfMinute(start))), exactly >= {least:Int64}) AS highest
  FROM (SELECT sign, entity, start, assumeNotNull(value) AS exactly FROM facts WHERE level = {level:String} AND value IS NOT NULL)
)
