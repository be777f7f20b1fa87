-- Rollup rows of up to four stretches of rollup_1h; rollup-window.ts puts the tables that a window needs before a query.
-- ids: empty for all, else of kind idsOf only.
SELECT * FROM rollup_1h
WHERE kind IN {kinds:Array(String)} AND metric IN {metrics:Array(String)}
  AND (empty({ids:Array(UInt64)}) OR kind != {idsOf:String} OR id IN {ids:Array(UInt64)})
  AND (
    time >= toDateTime({hoursFrom0:UInt32}, 'UTC') AND time < toDateTime({hoursTo0:UInt32}, 'UTC')
    OR time >= toDateTime({hoursFrom1:UInt32}, 'UTC') AND time < toDateTime({hoursTo1:UInt32}, 'UTC')
    OR time >= toDateTime({hoursFrom2:UInt32}, 'UTC') AND time < toDateTime({hoursTo2:UInt32}, 'UTC')
    OR time >= toDateTime({hoursFrom3:UInt32}, 'UTC') AND time < toDateTime({hoursTo3:UInt32}, 'UTC')
  )
