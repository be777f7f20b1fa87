-- What people and pipelines tell of: deploys, changes of configuration. One row each, never changed.
CREATE TABLE events (
  id UInt64,
  at DateTime64(9, 'UTC'),
  kind LowCardinality(String),
  title String,
  labels Map(String, String),
  told_at DateTime('UTC') DEFAULT now('UTC')
) ENGINE = MergeTree
ORDER BY (at, id)
TTL told_at + INTERVAL 400 DAY
SETTINGS non_replicated_deduplication_window = 1000;

-- When each version of a proxy (kind 'proxy') and of an application (kind 'service', id 0) served requests, by the hour of their
-- starts. First and last are what they are however often a fact is written, so nothing has to be taken back.
CREATE TABLE versions_1h (
  kind LowCardinality(String),
  id UInt64,
  service LowCardinality(String),
  environment LowCardinality(String),
  cluster LowCardinality(String),
  namespace LowCardinality(String),
  version LowCardinality(String),
  time DateTime('UTC'),
  first SimpleAggregateFunction(min, DateTime64(9, 'UTC')),
  last SimpleAggregateFunction(max, DateTime64(9, 'UTC'))
) ENGINE = AggregatingMergeTree
ORDER BY (time, kind, id, service, environment, cluster, namespace, version)
TTL time + INTERVAL 400 DAY;

CREATE MATERIALIZED VIEW proxy_versions_mv TO versions_1h AS
SELECT
  'proxy' AS kind, proxy_id AS id, '' AS service, environment, cluster, namespace, version,
  toStartOfHour(start, 'UTC') AS time, min(start) AS first, max(start) AS last
FROM proxies
WHERE sign = 1 AND version != ''
GROUP BY proxy_id, environment, cluster, namespace, version, time;

CREATE MATERIALIZED VIEW service_versions_mv TO versions_1h AS
SELECT
  'service' AS kind, toUInt64(0) AS id, callee AS service, environment, cluster, namespace, callee_version AS version,
  toStartOfHour(start, 'UTC') AS time, min(start) AS first, max(start) AS last
FROM hops
WHERE sign = 1 AND callee != '' AND callee_version != ''
GROUP BY callee, environment, cluster, namespace, callee_version, time;
