-- Until when facts are complete, Unix ms: the last finished job's watermark; where no batch was committed since, this very instant
-- less what a trace may take to settle.
WITH (SELECT max(watermark) FROM jobs WHERE state = 'rolled') AS watermark,
  (SELECT count() FROM batches WHERE committed_at >= watermark) AS open
SELECT
  toString(toUnixTimestamp64Milli(if(open > 0, watermark, now64(3)))) AS settledMs,
  toString(toUnixTimestamp64Milli(now64(3))) AS nowMs
