-- Documents of some kinds, newest revision each.
SELECT kind, about, id, toString(revision) AS revision, toString(toUnixTimestamp64Milli(at)) AS atMs, state, body
FROM alerting FINAL
WHERE kind IN {kinds:Array(String)} AND deleted = 0
  AND ({about:String} = '*' OR about = {about:String}) AND ({id:String} = '' OR id = {id:String})
  AND (empty({states:Array(String)}) OR state IN {states:Array(String)})
ORDER BY at DESC, id
LIMIT {most:UInt32}
