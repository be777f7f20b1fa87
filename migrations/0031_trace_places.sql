-- Where the spans of each settled trace lie, by its id: the facts of traces are sorted by time, and were looked through for one of them. A row
-- a revision, of which that of the newest job counts. Of use as long as the spans are there. Filled from the facts there are, and filled twice it tells the same.
CREATE TABLE IF NOT EXISTS trace_places (
  trace_id FixedString(16),
  job UInt64,
  settled_at DateTime('UTC'),
  first_start DateTime64(9, 'UTC'),
  last_start DateTime64(9, 'UTC'),
  span_count UInt32,
  late UInt8
) ENGINE = MergeTree
PARTITION BY toDate(settled_at)
ORDER BY trace_id
TTL settled_at + INTERVAL 8 DAY
SETTINGS ttl_only_drop_parts = 1, index_granularity = 1024, min_bytes_for_wide_part = 268435456, merge_selector_base = 16,
  non_replicated_deduplication_window = 1000;

CREATE MATERIALIZED VIEW IF NOT EXISTS trace_places_mv TO trace_places AS
SELECT trace_id, job, settled_at, first_start, last_start, span_count, bitAnd(flags, 65536) != 0 AS late
FROM traces
WHERE sign = 1;

INSERT INTO trace_places
SELECT trace_id, job, settled_at, first_start, last_start, span_count, bitAnd(flags, 65536) != 0 AS late
FROM traces
WHERE sign = 1
SETTINGS max_partitions_per_insert_block = 0;
