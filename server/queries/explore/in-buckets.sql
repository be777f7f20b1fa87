-- Values of one level: how many, and those at some quantiles, each looked for in one bucket (integers from lo to hi) of a histogram; places from 1 on,
-- as in sides.sql. What a revision replaced is there again with sign -1, and takes its value out. found = 0: a value is not in its bucket.
-- highest: the values from {least} on, highest first, with entity and minute, by which facts are sorted; made of these few, not of every fact.
SELECT
  n,
  arrayMap((q, below) -> floor(q * n) + 1 - below, {quantiles:Array(Float64)}, belows) AS places,
  arrayMap((place, list) -> arrayFirstIndex(count -> count >= place, arrayCumSum(list.2)), places, lists) AS indexes,
  arrayMap((place, at) -> place >= 1 AND at > 0, places, indexes) AS found,
  arrayMap((list, at) -> toFloat64(list.1[at]), lists, indexes) AS values,
  arrayMap(
    one -> (toFloat64(one.1), one.2, toString(one.3), toUnixTimestamp(toStartOfMinute(one.4))), arrayReverseSort(highest)
  ) AS highest
FROM (
  SELECT
    toFloat64(sum(sign)) AS n, [{{belows}}] AS belows, [{{lists}}] AS lists,
    groupArrayIf((exactly, sign, entity, start), exactly >= {least:Int64}) AS highest
  FROM (SELECT sign, entity, start, assumeNotNull(value) AS exactly FROM facts WHERE level = {level:String} AND value IS NOT NULL)
)
