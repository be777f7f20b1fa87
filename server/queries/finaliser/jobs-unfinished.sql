-- Jobs that a finaliser began and did not bring to their end, with the last state each reached.
SELECT toString(jobs.job) AS job, CAST(max(jobs.state), 'String') AS state
FROM jobs
WHERE finaliser = {finaliser:String}
GROUP BY jobs.job
HAVING max(jobs.state) < 'rolled'
ORDER BY jobs.job
