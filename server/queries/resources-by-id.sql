SELECT resource AS id, attrs, schema_url, raw
FROM resources
WHERE resource IN {ids:Array(UInt64)}
LIMIT 1 BY resource
FORMAT Native
