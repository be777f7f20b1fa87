-- Where a finaliser goes on: the watermark of its newest written job, and the newest id of any job.
SELECT
  toString(max(jobs.job)) AS job,
  toUnixTimestamp64Milli(argMaxIf(jobs.watermark, jobs.job, jobs.state = 'written')) AS watermarkMs,
  (SELECT count() FROM traces) > 0 AS anyFacts
FROM jobs
WHERE finaliser = {finaliser:String}
