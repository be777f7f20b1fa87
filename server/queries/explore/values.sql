-- What one field of facts can be, most requests first.
SELECT {{value}} AS value, toFloat64(sum(toInt64(sign))) AS requests
FROM facts
WHERE positionCaseInsensitiveUTF8(value, {text:String}) > 0 OR empty({text:String})
GROUP BY value
HAVING requests > 0
ORDER BY requests DESC, value
LIMIT 50
