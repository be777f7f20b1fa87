-- Rollup rows of a window in the coarsest steps that fit: whole hours from rollup_1h, what is left of whole five
-- minutes from rollup_5m, the rest by the minute. Put before a query as its CTE by rollup-window.ts.
-- ids, places: empty for all.
rollup AS (
  SELECT * FROM rollup_1h
  WHERE kind = {kind:String} AND metric IN {metrics:Array(String)} AND (empty({ids:Array(UInt64)}) OR id IN {ids:Array(UInt64)})
    AND time >= {hour:DateTime('UTC')} AND time < {hourEnd:DateTime('UTC')}
  UNION ALL
  SELECT * FROM rollup_5m
  WHERE kind = {kind:String} AND metric IN {metrics:Array(String)} AND (empty({ids:Array(UInt64)}) OR id IN {ids:Array(UInt64)})
    AND (time >= {five:DateTime('UTC')} AND time < {hour:DateTime('UTC')} OR time >= {hourEnd:DateTime('UTC')} AND time < {fiveEnd:DateTime('UTC')})
  UNION ALL
  SELECT * FROM rollup_1m
  WHERE kind = {kind:String} AND metric IN {metrics:Array(String)} AND (empty({ids:Array(UInt64)}) OR id IN {ids:Array(UInt64)})
    AND (time >= {minute:DateTime('UTC')} AND time < {five:DateTime('UTC')} OR time >= {fiveEnd:DateTime('UTC')} AND time < {minuteEnd:DateTime('UTC')})
)
