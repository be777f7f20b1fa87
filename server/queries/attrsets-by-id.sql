SELECT attrset AS id, attrs, raw
FROM attrsets
WHERE attrset IN {ids:Array(UInt64)}
LIMIT 1 BY attrset
FORMAT Native
