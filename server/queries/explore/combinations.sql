-- How many requests, inside and outside of the box, have the same values of all keys of facts, the same attribute set and the same
-- resource. The first row is of all of them. Values beyond {cap} count as {cap}; sums are of weight x value in ns.
picked AS (
  SELECT *, toFloat64(least(exactly, {cap:Int64})) AS ns FROM selected WHERE cityHash64(trace_id) % {oneOf:UInt32} = 0
),
spanned AS (
  SELECT picked.*, found.attrset AS attrset, found.resource AS resource, found.has AS has
  FROM picked
  ANY LEFT JOIN (
    SELECT trace_id AS of_trace, if({wholes:UInt8}, parent_id, span_id) AS of_span, attrset, resource, toUInt8(1) AS has
    FROM spans
    WHERE {{spansInWindow}} AND cityHash64(trace_id) % {oneOf:UInt32} = 0
      AND (NOT {wholes:UInt8} OR parent_id = toFixedString('', 8)){{ofPicked}}
  ) AS found ON picked.trace_id = found.of_trace AND picked.span = found.of_span
)
SELECT
  grouping(words) AS single, words, toString(attrset) AS attrset, toString(resource) AS resource, toFloat64(sum(has)) AS spans,
  toFloat64(countIf(isIn)) AS inN, sumIf(counts, isIn) AS inWeight, sumIf(counts * ns, isIn) AS inSum,
  sumIf(counts * ns * ns, isIn) AS inSquares, sumIf(counts * counts, isIn) AS inWeights,
  toFloat64(countIf(NOT isIn)) AS outN, sumIf(counts, NOT isIn) AS outWeight, sumIf(counts * ns, NOT isIn) AS outSum,
  sumIf(counts * ns * ns, NOT isIn) AS outSquares, sumIf(counts * counts, NOT isIn) AS outWeights
FROM (SELECT {{words}} AS words, attrset, resource, has, isIn, counts, ns FROM spanned)
GROUP BY GROUPING SETS ((words, attrset, resource), ())
ORDER BY single DESC, inN + outN DESC
LIMIT {most:UInt32}
