-- The page of a large trace, as the job made it that wrote its facts.
SELECT body
FROM trace_pages
WHERE trace_id = unhex({traceId:String}) AND job = {job:UInt64} AND format = {format:UInt16}
LIMIT 1
FORMAT Native
