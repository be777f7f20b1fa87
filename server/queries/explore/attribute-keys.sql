-- Names of attributes that spans and resources have, most frequent first: of the dictionaries, so that no span is read.
SELECT concat({prefix:String}, '.', toString(arrayJoin(mapKeys(attrs)))) AS key, count() AS sets
FROM {table:Identifier}
GROUP BY key
ORDER BY sets DESC, key
LIMIT 200
