-- What written jobs have done of a request.
SELECT toString(sum(traces)) AS reanalysed, toString(sum(jobs.failed)) AS failed
FROM jobs
WHERE reanalysis = {id:UInt64} AND state = 'written'
