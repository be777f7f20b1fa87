-- Requests to analyse the traces of a window again under the current rules, and how far the finaliser is with them.
-- The API writes `requested` and `cancelled` (finaliser ''), the finaliser `running` (numbers so far) and `done`.
-- `id` is made like that of a job: facts of older jobs are to be done, so that what was done is skipped after a restart.
CREATE TABLE reanalyses (
  id UInt64,
  finaliser LowCardinality(String),
  state Enum8('requested' = 1, 'running' = 2, 'done' = 3, 'cancelled' = 4),
  from_time DateTime64(3, 'UTC'),
  to_time DateTime64(3, 'UTC'),
  -- How many traces the window had when it was asked for.
  traces UInt64,
  reanalysed UInt64,
  kept UInt64,
  failed UInt64,
  at DateTime64(3, 'UTC') DEFAULT now64(3, 'UTC')
) ENGINE = MergeTree
ORDER BY (id, finaliser, state)
TTL toDateTime(at) + INTERVAL 30 DAY
SETTINGS non_replicated_deduplication_window = 1000;

-- Which request a job was made for, 0 for none, and on how many of its traces the analysis failed: counted exactly once.
ALTER TABLE jobs ADD COLUMN IF NOT EXISTS reanalysis UInt64, ADD COLUMN IF NOT EXISTS failed UInt32;
