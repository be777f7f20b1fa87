-- What each collector has acknowledged and ClickHouse does not have yet, said by the collector every few seconds; a spool is known by its directory.
-- For people who look; nothing is computed from it.
CREATE TABLE spools (
  collector LowCardinality(String),
  directory String,
  spans UInt64,
  batches UInt64,
  bytes UInt64,
  limit_bytes UInt64,
  set_aside UInt64,
  said_at DateTime64(3, 'UTC') DEFAULT now64(3, 'UTC')
) ENGINE = ReplacingMergeTree(said_at)
ORDER BY (collector, directory)
TTL toDateTime(said_at) + INTERVAL 1 DAY;
