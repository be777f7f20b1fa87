-- All that alerts are made of, as documents: rule, target, silence, alert, change (of an alert's state), notification, note, progress, audit.
-- Of a (kind, about, id) the newest revision counts. One INSERT is one block: a tick's alerts, changes and notifications are all there or
-- none of them, and under the tick's deduplication token once. `about` is the id of what a document belongs to, '' for none.
CREATE TABLE alerting (
  kind LowCardinality(String),
  about String,
  id String,
  revision UInt64,
  at DateTime64(3, 'UTC'),
  -- A notification: waiting, sent, dead. An alert: its phase. A rule: api, file.
  state LowCardinality(String),
  deleted UInt8,
  -- JSON
  body String CODEC(ZSTD(1)),
  -- Of a target: what nobody is shown.
  secret String
) ENGINE = ReplacingMergeTree(revision)
ORDER BY (kind, about, id)
TTL toDateTime(at) + INTERVAL 90 DAY DELETE WHERE kind IN ('change', 'notification'),
    toDateTime(at) + INTERVAL 400 DAY DELETE WHERE kind IN ('audit', 'note')
SETTINGS non_replicated_deduplication_window = 1000;

-- Quantiles of minutes, so that a start does not read the histograms of nine days: bucket keys by minute of the hour, 0 where nothing came.
CREATE TABLE alert_minutes (
  kind LowCardinality(String),
  metric LowCardinality(String),
  id UInt64,
  fidelity LowCardinality(String),
  hour DateTime('UTC'),
  p50 Array(Int16),
  p95 Array(Int16),
  n Array(UInt32),
  written_at DateTime64(3, 'UTC') DEFAULT now64(3, 'UTC')
) ENGINE = ReplacingMergeTree(written_at)
ORDER BY (hour, kind, metric, id, fidelity)
TTL hour + INTERVAL 10 DAY
SETTINGS non_replicated_deduplication_window = 1000;
