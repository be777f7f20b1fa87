selected AS (
  -- Values of one level, each with whether it is in the box: instants and ns from (included) and to (not).
  SELECT
    *, assumeNotNull(value) AS exactly,
    exactly >= {selMin:Int64} AND exactly < {selMax:Int64} AND start >= fromUnixTimestamp64Milli({selFrom:Int64}, 'UTC')
      AND start < fromUnixTimestamp64Milli({selTo:Int64}, 'UTC') AS isIn
  FROM {{from}}
  WHERE level = {level:String} AND value IS NOT NULL
)
