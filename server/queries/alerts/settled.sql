-- Until when facts are complete, Unix ms: the watermark of the newest job that was finished (that it was is a row of its own, without one);
-- where no batch was committed since, this very instant.
WITH (
    SELECT max(watermark) FROM jobs WHERE state = 'written' AND job IN (SELECT job FROM jobs WHERE state = 'rolled')
  ) AS watermark,
  (SELECT count() FROM batches WHERE committed_at >= watermark) AS open
SELECT
  toString(toUnixTimestamp64Milli(if(open > 0, watermark, now64(3)))) AS settledMs,
  toString(toUnixTimestamp64Milli(now64(3))) AS nowMs
