-- Self time (algorithms.md D1) and time on the critical path (D7) of every span, as SQL of their definitions: no join, one
-- fold a trace. `spans_of_oracle`: one clock domain; n counts the spans of a trace from 1, parents before children; parent 0
-- is the root; waits: a CLIENT span. ns.
WITH
  -- δ of 1.3, blocking (1.2 step 5) and what is left inside the ancestors, in the order of n.
  arrayMap((s, e) -> greatest(1000, least(intDiv(e - s, 100), 1000000)), ss, es) AS deltas,
  arrayFold(
    (acc, n) -> if(
      parents[n] = 0,
      (arrayPushBack(acc.1, ss[n]), arrayPushBack(acc.2, es[n]), arrayPushBack(acc.3, 1), arrayPushBack(acc.4, 0)),
      if(
        es[n] <= es[parents[n]] + deltas[parents[n]] OR waits[parents[n]] = 1,
        (
          arrayPushBack(acc.1, greatest(ss[n], acc.1[parents[n]])), arrayPushBack(acc.2, least(es[n], acc.2[parents[n]])),
          arrayPushBack(acc.3, 1), arrayPushBack(acc.4, acc.4[parents[n]] + 1)
        ),
        (arrayPushBack(acc.1, ss[n]), arrayPushBack(acc.2, es[n]), arrayPushBack(acc.3, 0), arrayPushBack(acc.4, acc.4[parents[n]] + 1))
      )
    ),
    ns,
    (emptyArrayInt64(), emptyArrayInt64(), emptyArrayUInt8(), emptyArrayUInt64())
  ) AS placed,
  tupleElement(placed, 1) AS froms, tupleElement(placed, 2) AS tos,
  tupleElement(placed, 3) AS blocking, tupleElement(placed, 4) AS depths,
  -- Parents before children, of siblings the last to finish first: then one pass walks every span backwards from its cut.
  arraySort(n -> (depths[n], -tos[n], froms[n], n), arrayFilter(n -> parents[n] != 0, ns)) AS ordered,
  -- (where each span is cut and has been told down to, -1 while not on the path; its time on the path)
  arrayFold(
    (acc, n) -> if(
      blocking[n] = 1 AND froms[n] < tos[n] AND acc.1[parents[n]] >= 0
        AND froms[n] < acc.1[parents[n]] AND tos[n] <= acc.1[parents[n]] + deltas[parents[n]],
      (
        arrayMap((cut, i) -> multiIf(i = n, least(tos[n], acc.1[parents[n]]), i = parents[n], froms[n], cut), acc.1, ns),
        arrayMap((own, i) -> if(i = parents[n], own + acc.1[i] - least(tos[n], acc.1[i]), own), acc.2, ns)
      ),
      acc
    ),
    ordered,
    (arrayMap((parent, e) -> if(parent = 0, e, toInt64(-1)), parents, es), arrayMap(n -> toInt64(0), ns))
  ) AS walked
SELECT
  trace,
  arrayMap(
    n -> es[n] - ss[n] - arrayReduce(
      'intervalLengthSum',
      arrayMap(i -> greatest(ss[i], ss[n]), arrayFilter(i -> parents[i] = n AND blocking[i] = 1 AND least(es[i], es[n]) > greatest(ss[i], ss[n]), ns)),
      arrayMap(i -> least(es[i], es[n]), arrayFilter(i -> parents[i] = n AND blocking[i] = 1 AND least(es[i], es[n]) > greatest(ss[i], ss[n]), ns))
    ),
    ns
  ) AS selfs,
  arrayMap((own, cut, from) -> if(cut >= 0, own + cut - from, 0), tupleElement(walked, 2), tupleElement(walked, 1), froms) AS onPath
FROM (
  SELECT
    trace, arrayMap(row -> row.1, rows) AS ns, arrayMap(row -> row.2, rows) AS parents, arrayMap(row -> row.3, rows) AS ss,
    arrayMap(row -> row.4, rows) AS es, arrayMap(row -> row.5, rows) AS waits
  FROM (
    SELECT trace, arraySort(groupArray((n, parent, s, e, waits))) AS rows
    FROM spans_of_oracle
    WHERE trace >= {from:UInt32} AND trace < {to:UInt32}
    GROUP BY trace
  )
)
ORDER BY trace
