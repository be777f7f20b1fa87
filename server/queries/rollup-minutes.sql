-- Rollup rows of up to four stretches of rollup_1m; rollup-window.ts puts the tables that a window needs before a query.
-- ids: empty for all, else of kind idsOf only.
SELECT * FROM rollup_1m
WHERE kind IN {kinds:Array(String)} AND metric IN {metrics:Array(String)}
  AND (empty({ids:Array(UInt64)}) OR kind != {idsOf:String} OR id IN {ids:Array(UInt64)})
  AND (
    time >= toDateTime({minutesFrom0:UInt32}, 'UTC') AND time < toDateTime({minutesTo0:UInt32}, 'UTC')
    OR time >= toDateTime({minutesFrom1:UInt32}, 'UTC') AND time < toDateTime({minutesTo1:UInt32}, 'UTC')
    OR time >= toDateTime({minutesFrom2:UInt32}, 'UTC') AND time < toDateTime({minutesTo2:UInt32}, 'UTC')
    OR time >= toDateTime({minutesFrom3:UInt32}, 'UTC') AND time < toDateTime({minutesTo3:UInt32}, 'UTC')
  )
