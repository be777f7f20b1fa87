-- What the finaliser learned from many traces, for the analysis of later ones. Append only: facts of job J were made with
-- the rows of jobs before J, of one window those of the newest. `window` is the beginning of five minutes of event time.

-- clock(to_clock) - clock(from_clock) lies in [lo, hi] ns from from_time on; NULL: known to be unknown, a clock stepped.
CREATE TABLE clock_offsets (
  job UInt64,
  learned_at DateTime('UTC'),
  window DateTime64(3, 'UTC'),
  from_time DateTime64(3, 'UTC'),
  to_time DateTime64(3, 'UTC'),
  from_clock LowCardinality(String),
  to_clock LowCardinality(String),
  lo Nullable(Int64),
  hi Nullable(Int64),
  n UInt32,
  agree UInt32,
  theta Nullable(Int64) ALIAS intDiv(lo + hi, 2),
  agreement Nullable(Float64) ALIAS if(n = 0, NULL, agree / n)
) ENGINE = MergeTree
ORDER BY (window, from_clock, to_clock, job, from_time)
TTL learned_at + INTERVAL 30 DAY
SETTINGS non_replicated_deduplication_window = 1000;

-- Wire and wake-up time (algorithms.md D5) of the hour up to this window, ns: first percentile and median.
CREATE TABLE wire_times (
  job UInt64,
  learned_at DateTime('UTC'),
  window DateTime64(3, 'UTC'),
  level LowCardinality(String),
  from_place LowCardinality(String),
  to_place LowCardinality(String),
  n UInt32,
  floor Int64,
  median Int64
) ENGINE = MergeTree
ORDER BY (window, level, from_place, to_place, job)
TTL learned_at + INTERVAL 30 DAY
SETTINGS non_replicated_deduplication_window = 1000;
