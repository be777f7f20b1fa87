-- Jobs that a finaliser began and did not bring to their end, with the last state each reached.
SELECT toString(job) AS job, CAST(max(state), 'String') AS state
FROM jobs
WHERE finaliser = {finaliser:String}
GROUP BY job
HAVING max(state) < 'rolled'
ORDER BY job
