-- Takes back facts that a revision replaces: the same rows with sign -1, under the job of the revision. They keep their
-- settled_at, so that they expire together with what they take back.
-- `pairs` are trace id (16 bytes) and job (8 bytes, little-endian) of the facts to take back.
INSERT INTO proxies
SELECT * REPLACE ({job:UInt64} AS job, toInt8(-1) AS sign)
FROM proxies
WHERE proxies.sign = 1 AND proxies.job IN {jobs:Array(UInt64)} AND proxies.settled_at IN {settledAt:Array(DateTime('UTC'))}
  AND (proxies.trace_id, proxies.job) IN (
  SELECT
    toFixedString(substring(base64Decode({pairs:String}), 24 * number + 1, 16), 16),
    reinterpretAsUInt64(substring(base64Decode({pairs:String}), 24 * number + 17, 8))
  FROM numbers({count:UInt32})
)
