-- algorithms.md D8: what would be saved if the proxies' work on the path took no time, and their work on the path or not. ns.
ALTER TABLE traces
  ADD COLUMN IF NOT EXISTS mesh_removable Nullable(Int64) AFTER mesh_estimate,
  ADD COLUMN IF NOT EXISTS mesh_work Nullable(Int64) AFTER mesh_removable,
  ADD COLUMN IF NOT EXISTS gateway_removable Nullable(Int64) AFTER gateway_estimate,
  ADD COLUMN IF NOT EXISTS gateway_work Nullable(Int64) AFTER gateway_removable;
