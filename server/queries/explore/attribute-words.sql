-- What one attribute can be: of the dictionaries.
SELECT substring(attrs[{key:String}], 1, 256) AS value, count() AS sets
FROM {table:Identifier}
WHERE mapContains(attrs, {key:String}) AND (empty({text:String}) OR positionCaseInsensitiveUTF8(attrs[{key:String}], {text:String}) > 0)
GROUP BY value
ORDER BY sets DESC, value
LIMIT 50
