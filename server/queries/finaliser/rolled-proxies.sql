-- What the rollups need of the proxies that some jobs wrote, of all or (`count` > 0) of pairs of trace id (16 bytes) and job (8 bytes,
-- little-endian). A start that a DateTime cannot hold (before 1970, after 2106) is a fact but in no rollup.
SELECT
  sign, toUnixTimestamp(toStartOfMinute(start)) AS minute, lower(hex(proxy_id)) AS proxyId, environment, cluster, namespace, error, flags, weight,
  caller, callee, attempts, backoff, wasted,
  ifNull(added, added_hi) AS addedNs, added_fidelity AS addedFidelity,
  ifNull(overhead, overhead_hi) AS overheadNs, overhead_fidelity AS overheadFidelity,
  ifNull(request_path, request_path_hi) AS requestPathNs, request_path_fidelity AS requestPathFidelity,
  ifNull(response_path, response_path_hi) AS responsePathNs, response_path_fidelity AS responsePathFidelity
FROM proxies
WHERE job IN {jobs:Array(UInt64)} AND (empty({settledAt:Array(DateTime('UTC'))}) OR settled_at IN {settledAt:Array(DateTime('UTC'))}) AND sign IN {signs:Array(Int8)}
  AND start >= '1970-01-01 00:00:00' AND start < '2106-02-07 00:00:00'
  AND ({count:UInt32} = 0 OR (trace_id, job) IN (
    SELECT
      toFixedString(substring(base64Decode({pairs:String}), 24 * number + 1, 16), 16),
      reinterpretAsUInt64(substring(base64Decode({pairs:String}), 24 * number + 17, 8))
    FROM numbers({count:UInt32})
  ))
