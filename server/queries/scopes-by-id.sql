SELECT scope AS id, name, version, schema_url, raw
FROM scopes
WHERE scope IN {ids:Array(UInt64)}
LIMIT 1 BY scope
FORMAT Native
