-- Facts: what the finaliser derives, one row a trace, a hop, a proxy traversal. A revision writes the old rows again
-- with sign -1 and the new ones with +1. `job` names the finaliser's unit of work that wrote the row.
-- A measure is four columns: <name>, <name>_lo, <name>_hi (ns) and <name>_fidelity.
CREATE TABLE traces (
  job UInt64,
  sign Int8,
  revision UInt32,
  analysis_version UInt16,
  settled_at DateTime('UTC'),
  trace_id FixedString(16),
  start DateTime64(9, 'UTC') CODEC(Delta(8), LZ4),
  duration Nullable(Int64),
  span_rows UInt32,
  span_count UInt32,
  hop_count UInt16,
  proxy_count UInt16,
  first_start DateTime64(9, 'UTC'),
  last_start DateTime64(9, 'UTC'),
  environment LowCardinality(String),
  cluster LowCardinality(String),
  namespace LowCardinality(String),
  root_service LowCardinality(String),
  root_name LowCardinality(String),
  route LowCardinality(String),
  services Array(LowCardinality(String)),
  error UInt8,
  flags UInt32,
  shape_id UInt64,
  weight Float64,
  mesh_lower Nullable(Int64),
  mesh_upper Nullable(Int64),
  mesh_estimate Nullable(Int64),
  gateway_lower Nullable(Int64),
  gateway_upper Nullable(Int64),
  gateway_estimate Nullable(Int64),
  segments Nested(
    owner FixedString(8),
    class LowCardinality(String),
    leg LowCardinality(String),
    offset Int64,
    ns Int64
  ),
  INDEX job_range job TYPE minmax GRANULARITY 1,
  INDEX trace trace_id TYPE bloom_filter(0.001) GRANULARITY 1
) ENGINE = MergeTree
PARTITION BY toDate(settled_at)
ORDER BY (toStartOfMinute(start), start, trace_id)
TTL settled_at + INTERVAL 30 DAY
SETTINGS ttl_only_drop_parts = 1, min_bytes_for_wide_part = 268435456, non_replicated_deduplication_window = 1000;

CREATE TABLE hops (
  job UInt64,
  sign Int8,
  revision UInt32,
  analysis_version UInt16,
  settled_at DateTime('UTC'),
  trace_id FixedString(16),
  trace_start DateTime64(9, 'UTC') CODEC(Delta(8), LZ4),
  trace_duration Nullable(Int64),
  start DateTime64(9, 'UTC') CODEC(Delta(8), LZ4),
  hop_id UInt64,
  environment LowCardinality(String),
  cluster LowCardinality(String),
  namespace LowCardinality(String),
  kind LowCardinality(String),
  caller LowCardinality(String),
  callee LowCardinality(String),
  caller_span FixedString(8),
  callee_span FixedString(8),
  via Array(UInt64),
  via_spans Array(FixedString(8)),
  route LowCardinality(String),
  data_plane LowCardinality(String),
  caller_node LowCardinality(String),
  callee_node LowCardinality(String),
  zone_pair LowCardinality(String),
  callee_version LowCardinality(String),
  config_hash LowCardinality(String),
  payload_band UInt8,
  load_band UInt8,
  attempts UInt16,
  backoff Int64,
  wasted Int64,
  error UInt8,
  status UInt16,
  flags UInt32,
  shape_id UInt64,
  weight Float64,
  transit Nullable(Int64),
  transit_lo Nullable(Int64),
  transit_hi Nullable(Int64),
  transit_fidelity LowCardinality(String),
  wire Nullable(Int64),
  segments Nested(
    class LowCardinality(String),
    owner FixedString(8),
    ns Int64,
    fidelity LowCardinality(String)
  ),
  INDEX job_range job TYPE minmax GRANULARITY 1,
  INDEX trace trace_id TYPE bloom_filter(0.001) GRANULARITY 1
) ENGINE = MergeTree
PARTITION BY toDate(settled_at)
ORDER BY (hop_id, toStartOfMinute(start), start)
TTL settled_at + INTERVAL 30 DAY
SETTINGS ttl_only_drop_parts = 1, min_bytes_for_wide_part = 268435456, non_replicated_deduplication_window = 1000;

CREATE TABLE proxies (
  job UInt64,
  sign Int8,
  revision UInt32,
  analysis_version UInt16,
  settled_at DateTime('UTC'),
  trace_id FixedString(16),
  trace_start DateTime64(9, 'UTC') CODEC(Delta(8), LZ4),
  trace_duration Nullable(Int64),
  start DateTime64(9, 'UTC') CODEC(Delta(8), LZ4),
  duration Int64,
  proxy_id UInt64,
  environment LowCardinality(String),
  cluster LowCardinality(String),
  namespace LowCardinality(String),
  family LowCardinality(String),
  role LowCardinality(String),
  span FixedString(8),
  spans Array(FixedString(8)),
  instance LowCardinality(String),
  version LowCardinality(String),
  config_hash LowCardinality(String),
  node LowCardinality(String),
  zone LowCardinality(String),
  caller LowCardinality(String),
  callee LowCardinality(String),
  route LowCardinality(String),
  response_flags LowCardinality(String),
  payload_band UInt8,
  load_band UInt8,
  attempts UInt16,
  backoff Int64,
  wasted Int64,
  local_reply UInt8,
  error UInt8,
  status UInt16,
  flags UInt32,
  shape_id UInt64,
  weight Float64,
  added Nullable(Int64),
  added_lo Nullable(Int64),
  added_hi Nullable(Int64),
  added_fidelity LowCardinality(String),
  overhead Nullable(Int64),
  overhead_lo Nullable(Int64),
  overhead_hi Nullable(Int64),
  overhead_fidelity LowCardinality(String),
  request_path Nullable(Int64),
  request_path_lo Nullable(Int64),
  request_path_hi Nullable(Int64),
  request_path_fidelity LowCardinality(String),
  response_path Nullable(Int64),
  response_path_lo Nullable(Int64),
  response_path_hi Nullable(Int64),
  response_path_fidelity LowCardinality(String),
  INDEX job_range job TYPE minmax GRANULARITY 1,
  INDEX trace trace_id TYPE bloom_filter(0.001) GRANULARITY 1
) ENGINE = MergeTree
PARTITION BY toDate(settled_at)
ORDER BY (proxy_id, toStartOfMinute(start), start)
TTL settled_at + INTERVAL 30 DAY
SETTINGS ttl_only_drop_parts = 1, min_bytes_for_wide_part = 268435456, non_replicated_deduplication_window = 1000;

-- The words behind the ids.
CREATE TABLE proxy_names (
  proxy_id UInt64,
  environment LowCardinality(String),
  cluster LowCardinality(String),
  namespace LowCardinality(String),
  family LowCardinality(String),
  workload String,
  role LowCardinality(String),
  name String,
  seen_at DateTime('UTC')
) ENGINE = ReplacingMergeTree(seen_at)
ORDER BY proxy_id
TTL seen_at + INTERVAL 400 DAY;

CREATE TABLE hop_names (
  hop_id UInt64,
  environment LowCardinality(String),
  cluster LowCardinality(String),
  namespace LowCardinality(String),
  kind LowCardinality(String),
  caller String,
  callee String,
  via Array(UInt64),
  seen_at DateTime('UTC')
) ENGINE = ReplacingMergeTree(seen_at)
ORDER BY hop_id
TTL seen_at + INTERVAL 400 DAY;

-- The finaliser's log. begin: facts are being written under `job`. written: they all are, and `watermark` is the
-- commit instant of the oldest batch that still had an unsettled trace. rolled: the rollups hold them too.
-- After a crash: facts of a job without `written` are deleted, a job without `rolled` is rolled up under its old token.
CREATE TABLE jobs (
  job UInt64,
  finaliser LowCardinality(String),
  state Enum8('begin' = 1, 'written' = 2, 'rolled' = 3),
  watermark DateTime64(3, 'UTC'),
  traces UInt32,
  at DateTime64(3, 'UTC') DEFAULT now64(3, 'UTC')
) ENGINE = MergeTree
ORDER BY (job, state)
TTL toDateTime(at) + INTERVAL 8 DAY
SETTINGS non_replicated_deduplication_window = 1000;
