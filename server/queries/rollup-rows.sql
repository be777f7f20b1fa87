-- Rollup rows of some stretches of one table; rollup-window.ts puts the tables that a window needs before a query.
-- ids: empty for all, else of kind idsOf only.
SELECT * FROM {{table}}
WHERE kind IN {kinds:Array(String)} AND metric IN {metrics:Array(String)}
  AND (empty({ids:Array(UInt64)}) OR kind != {idsOf:String} OR id IN {ids:Array(UInt64)})
  AND ({{within}})
