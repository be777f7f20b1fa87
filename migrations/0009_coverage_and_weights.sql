-- `extra` of a rollup row: how many more requests a request of it stands for, the sampling weight - 1 (algorithms.md section 6), to 11 significant
-- bits (so that few weights differ); 0 where nothing was sampled, -1 where the weight is not known (flag WEIGHT_UNKNOWN). Counts, sums and
-- histograms stay those of what was stored, kept apart by `extra`.
ALTER TABLE rollup_1m ADD COLUMN IF NOT EXISTS extra Float32 AFTER time,
  MODIFY ORDER BY (kind, metric, id, time, fidelity, environment, cluster, namespace, extra);
ALTER TABLE rollup_5m ADD COLUMN IF NOT EXISTS extra Float32 AFTER time,
  MODIFY ORDER BY (kind, metric, id, time, fidelity, environment, cluster, namespace, extra);
ALTER TABLE rollup_1h ADD COLUMN IF NOT EXISTS extra Float32 AFTER time,
  MODIFY ORDER BY (kind, metric, id, time, fidelity, environment, cluster, namespace, extra);
DROP VIEW IF EXISTS rollup_5m_mv;
CREATE MATERIALIZED VIEW rollup_5m_mv TO rollup_5m AS
SELECT
  kind, metric, id, fidelity, environment, cluster, namespace, toStartOfFiveMinutes(time) AS time, extra,
  sum(requests) AS requests, sum(errors) AS errors, sum(n) AS n, sum(sum) AS sum, sum(sum_sq) AS sum_sq, sumMap(hist) AS hist
FROM rollup_1m
GROUP BY kind, metric, id, fidelity, environment, cluster, namespace, time, extra;
DROP VIEW IF EXISTS rollup_1h_mv;
CREATE MATERIALIZED VIEW rollup_1h_mv TO rollup_1h AS
SELECT
  kind, metric, id, fidelity, environment, cluster, namespace, toStartOfHour(time) AS time, extra,
  sum(requests) AS requests, sum(errors) AS errors, sum(n) AS n, sum(sum) AS sum, sum(sum_sq) AS sum_sq, sumMap(hist) AS hist
FROM rollup_5m
GROUP BY kind, metric, id, fidelity, environment, cluster, namespace, time, extra;

ALTER TABLE rollup_class_1m ADD COLUMN IF NOT EXISTS extra Float32 AFTER time,
  MODIFY ORDER BY (id, class, time, environment, cluster, namespace, extra);
ALTER TABLE rollup_class_1h ADD COLUMN IF NOT EXISTS extra Float32 AFTER time,
  MODIFY ORDER BY (id, class, time, environment, cluster, namespace, extra);
DROP VIEW IF EXISTS rollup_class_1h_mv;
CREATE MATERIALIZED VIEW rollup_class_1h_mv TO rollup_class_1h AS
SELECT id, environment, cluster, namespace, class, toStartOfHour(time) AS time, extra, sumMap(ns) AS ns
FROM rollup_class_1m
GROUP BY id, environment, cluster, namespace, class, time, extra;

-- The ledger knows whole requests too (kind trace, id = the route) and what happened to traces with spans of a service (kind
-- service, id 0, told apart by `service`, which is '' for all others).
ALTER TABLE coverage_1m
  ADD COLUMN IF NOT EXISTS service LowCardinality(String) AFTER time,
  ADD COLUMN IF NOT EXISTS environment LowCardinality(String) AFTER service,
  ADD COLUMN IF NOT EXISTS cluster LowCardinality(String) AFTER environment,
  ADD COLUMN IF NOT EXISTS namespace LowCardinality(String) AFTER cluster,
  ADD COLUMN IF NOT EXISTS extra Float32 AFTER namespace,
  MODIFY ORDER BY (kind, id, time, what, service, environment, cluster, namespace, extra);
ALTER TABLE coverage_1h
  ADD COLUMN IF NOT EXISTS service LowCardinality(String) AFTER time,
  ADD COLUMN IF NOT EXISTS environment LowCardinality(String) AFTER service,
  ADD COLUMN IF NOT EXISTS cluster LowCardinality(String) AFTER environment,
  ADD COLUMN IF NOT EXISTS namespace LowCardinality(String) AFTER cluster,
  ADD COLUMN IF NOT EXISTS extra Float32 AFTER namespace,
  MODIFY ORDER BY (kind, id, time, what, service, environment, cluster, namespace, extra);
DROP VIEW IF EXISTS coverage_1h_mv;
CREATE MATERIALIZED VIEW coverage_1h_mv TO coverage_1h AS
SELECT kind, id, what, toStartOfHour(time) AS time, service, environment, cluster, namespace, extra, sum(requests) AS requests
FROM coverage_1m
GROUP BY kind, id, what, time, service, environment, cluster, namespace, extra;
