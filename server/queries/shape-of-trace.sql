-- The current facts of a trace that say which requests are like it. The bloom filter on trace_id leaves few granules to look into.
SELECT toString(shape_id) AS shapeId, duration, toString(toUnixTimestamp64Nano(start)) AS startUnixNano
FROM traces
WHERE trace_id = unhex({traceId:String}) AND sign = 1
ORDER BY revision DESC
LIMIT 1
