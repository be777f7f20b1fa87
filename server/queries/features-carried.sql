-- Which of some attributes spans of a window carry: of their own, and by sets of attributes that were seen since it began.
SELECT DISTINCT arrayJoin(arrayIntersect(mapKeys(attrs), {keys:Array(String)})) AS key
FROM spans
WHERE {{spansInWindow}}
UNION DISTINCT
SELECT DISTINCT arrayJoin(arrayIntersect(mapKeys(attrs), {keys:Array(String)})) AS key
FROM attrsets
WHERE seen_at >= fromUnixTimestamp64Milli({fromMs:Int64}, 'UTC')
