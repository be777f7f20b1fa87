-- Rollup rows of up to four stretches of rollup_5m; rollup-window.ts puts the tables that a window needs before a query.
-- ids: empty for all, else of kind idsOf only.
SELECT * FROM rollup_5m
WHERE kind IN {kinds:Array(String)} AND metric IN {metrics:Array(String)}
  AND (empty({ids:Array(UInt64)}) OR kind != {idsOf:String} OR id IN {ids:Array(UInt64)})
  AND (
    time >= toDateTime({fivesFrom0:UInt32}, 'UTC') AND time < toDateTime({fivesTo0:UInt32}, 'UTC')
    OR time >= toDateTime({fivesFrom1:UInt32}, 'UTC') AND time < toDateTime({fivesTo1:UInt32}, 'UTC')
    OR time >= toDateTime({fivesFrom2:UInt32}, 'UTC') AND time < toDateTime({fivesTo2:UInt32}, 'UTC')
    OR time >= toDateTime({fivesFrom3:UInt32}, 'UTC') AND time < toDateTime({fivesTo3:UInt32}, 'UTC')
  )
