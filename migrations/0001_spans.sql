-- The raw truth: one row a span, as sent. Ids are the raw bytes (all zero = none); show them with lower(hex(span_id)).
-- `ext` is a partial OTLP Span message (protobuf) with all that the columns cannot hold exactly: events, links,
-- dropped counts, attributes that are not plain strings, unknown fields and enum values.
CREATE TABLE spans (
  trace_id FixedString(16),
  span_id FixedString(8),
  parent_id FixedString(8),
  start DateTime64(9, 'UTC') CODEC(Delta(8), LZ4),
  duration Int64 CODEC(T64, LZ4),
  kind UInt8,
  status UInt8,
  flags UInt32,
  resource UInt64,
  scope UInt64,
  attrset UInt64,
  service LowCardinality(String),
  name LowCardinality(String),
  attrs Map(LowCardinality(String), String),
  trace_state String,
  status_message String,
  ext String,
  batch UInt64,
  received_at DateTime('UTC'),
  INDEX batch_range batch TYPE minmax GRANULARITY 1,
  INDEX attr_values mapValues(attrs) TYPE bloom_filter(0.01) GRANULARITY 1
) ENGINE = MergeTree
PARTITION BY toDate(received_at)
ORDER BY (toStartOfMinute(start), trace_id, start)
TTL received_at + INTERVAL 7 DAY
SETTINGS ttl_only_drop_parts = 1, min_bytes_for_wide_part = 268435456, non_replicated_deduplication_window = 1000;

-- Interned dictionaries. `raw` is the protobuf that was sent (Resource, InstrumentationScope with its schema URL,
-- repeated KeyValue as field 9 of a Span), `attrs` the same as text. A collector writes an id again every day it sees it.
CREATE TABLE resources (
  resource UInt64,
  service LowCardinality(String),
  attrs Map(LowCardinality(String), String),
  schema_url String,
  raw String,
  seen_at DateTime('UTC')
) ENGINE = ReplacingMergeTree(seen_at)
ORDER BY resource
TTL seen_at + INTERVAL 9 DAY;

CREATE TABLE scopes (
  scope UInt64,
  name LowCardinality(String),
  version LowCardinality(String),
  schema_url String,
  raw String,
  seen_at DateTime('UTC')
) ENGINE = ReplacingMergeTree(seen_at)
ORDER BY scope
TTL seen_at + INTERVAL 9 DAY;

CREATE TABLE attrsets (
  attrset UInt64,
  attrs Map(LowCardinality(String), String),
  raw String,
  seen_at DateTime('UTC')
) ENGINE = ReplacingMergeTree(seen_at)
ORDER BY attrset
TTL seen_at + INTERVAL 9 DAY;

-- One row after every INSERT into spans: arrival is commit order. `batch` = Unix ms << 21 | random and sequence bits,
-- never falling within one collector.
CREATE TABLE batches (
  batch UInt64,
  collector LowCardinality(String),
  spans UInt32,
  first_start DateTime64(9, 'UTC'),
  last_start DateTime64(9, 'UTC'),
  received_at DateTime('UTC'),
  committed_at DateTime64(3, 'UTC') DEFAULT now64(3, 'UTC')
) ENGINE = MergeTree
ORDER BY (committed_at, batch)
TTL received_at + INTERVAL 8 DAY
SETTINGS non_replicated_deduplication_window = 1000;

-- What came in and what was refused, by exporter; collectors add to it every few seconds.
CREATE TABLE ingest (
  minute DateTime('UTC'),
  collector LowCardinality(String),
  transport LowCardinality(String),
  service LowCardinality(String),
  scope LowCardinality(String),
  stored SimpleAggregateFunction(sum, UInt64),
  refused SimpleAggregateFunction(sum, UInt64),
  last_at SimpleAggregateFunction(max, DateTime64(3, 'UTC'))
) ENGINE = AggregatingMergeTree
ORDER BY (minute, collector, transport, service, scope)
TTL minute + INTERVAL 30 DAY;
