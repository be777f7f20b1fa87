-- Values of one column of the facts of hops or proxies, with the number of requests.
SELECT toString({column:Identifier}) AS value, toFloat64(sum(toInt64(sign))) AS requests
FROM {table:Identifier}
WHERE start >= fromUnixTimestamp64Milli({fromMs:Int64}, 'UTC') AND start < fromUnixTimestamp64Milli({toMs:Int64}, 'UTC')
  AND {column:Identifier} != ''
GROUP BY {column:Identifier}
HAVING requests > 0
ORDER BY requests DESC, value
LIMIT 1000
