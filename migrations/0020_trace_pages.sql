-- What the page of a large trace is drawn from, made by the job that analysed it (server/trace-page): analysing 100,000 spans takes seconds. It counts
-- only beside facts of the same job. `body` is gzip of it, in the version that `format` says.
CREATE TABLE trace_pages (
  trace_id FixedString(16),
  job UInt64,
  format UInt16,
  body String CODEC(NONE),
  made_at DateTime('UTC')
) ENGINE = MergeTree
PARTITION BY toDate(made_at)
ORDER BY (trace_id, job)
TTL made_at + INTERVAL 7 DAY
SETTINGS ttl_only_drop_parts = 1, index_granularity_bytes = 1048576, non_replicated_deduplication_window = 1000;
