-- Where a finaliser goes on: the watermark of its newest written job, and the newest id of any job.
SELECT
  toString(max(job)) AS job,
  toUnixTimestamp64Milli(argMaxIf(watermark, job, state = 'written')) AS watermarkMs
FROM jobs
WHERE finaliser = {finaliser:String}
