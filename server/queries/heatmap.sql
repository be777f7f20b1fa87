,
-- One row: the level asked for, else the known one with most requests; its columns, and the cells of each as row -> count.
-- A row is {width} buckets of the lattice of 32 an octave, the fewest with which at most 120 rows hold all values: row r
-- holds [2^(r width / 32), 2^((r + 1) width / 32)) ns. What lies below bucket 321 (1,024 ns: nobody's clock shows it) is
-- row -1. Counts of 0 are what retractions left behind. Cells count the population: each value times its sampling weight
-- (1 + extra; -1: not known, once); `stored` counts the values themselves.
weights AS (
  SELECT
    fidelity, intDiv(toUInt32(time), {step:UInt32}) * {step:UInt32} AS start, extra, sum(requests) AS asked,
    mapFilter((key, count) -> count > 0, sumMap(hist)) AS cells
  FROM rollup
  GROUP BY fidelity, start, extra
),
columns AS (
  SELECT
    fidelity, start, sum(asked) AS asked, sum(arraySum(mapValues(weights.cells))) AS stored,
    sumMap(mapApply((key, count) -> (key, if(extra < 0, 1, 1 + extra) * count), weights.cells)) AS cells
  FROM weights
  GROUP BY fidelity, start
),
levels AS (
  SELECT
    fidelity, sum(asked) AS requests, sum(columns.stored) AS stored,
    groupArray(toUInt32(start)) AS starts, groupArray(cells) AS cells,
    minIf(arrayMin(arrayFilter(key -> key >= 321, mapKeys(columns.cells))), arrayExists(key -> key >= 321, mapKeys(columns.cells))) AS least,
    maxIf(arrayMax(mapKeys(columns.cells)), notEmpty(columns.cells)) AS most,
    minIf(arrayMin(mapKeys(columns.cells)), notEmpty(columns.cells)) AS bottom
  FROM columns
  WHERE if(empty({fidelity:String}), fidelity != 'unknown', fidelity = {fidelity:String})
  GROUP BY fidelity
  HAVING requests > 0
)
SELECT
  fidelity, toFloat64(stored) AS stored, starts, least, most, bottom,
  arrayFirst(w -> intDiv(most - 1, w) - intDiv(least - 1, w) < 119, [1, 2, 4, 8, 16]) AS width,
  arrayMap(
    cells -> arrayReduce(
      'sumMap',
      [arrayMap(key -> if(key < 321, -1, intDiv(key - 1, width)), mapKeys(cells))],
      [mapValues(cells)]
    ),
    cells
  ) AS columns
FROM levels
ORDER BY requests DESC
LIMIT 1
