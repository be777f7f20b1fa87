-- Facts keep what is asked of them (docs/adr/0010): the lower bounds of measures, the spans of a hop's proxies and segments and the single
-- pieces of a critical path are read from the spans themselves. `segments` of a trace: ns on the critical path by class, a class once
-- (rows of before have its pieces one by one, which sum to the same).
ALTER TABLE hops
  DROP COLUMN IF EXISTS analysis_version,
  DROP COLUMN IF EXISTS via_spans,
  DROP COLUMN IF EXISTS config_hash,
  DROP COLUMN IF EXISTS payload_band,
  DROP COLUMN IF EXISTS load_band,
  DROP COLUMN IF EXISTS backoff,
  DROP COLUMN IF EXISTS wasted,
  DROP COLUMN IF EXISTS shape_id,
  DROP COLUMN IF EXISTS transit_lo,
  DROP COLUMN IF EXISTS segments.owner
SETTINGS alter_sync = 0;
ALTER TABLE proxies
  DROP COLUMN IF EXISTS analysis_version,
  DROP COLUMN IF EXISTS duration,
  DROP COLUMN IF EXISTS spans,
  DROP COLUMN IF EXISTS config_hash,
  DROP COLUMN IF EXISTS payload_band,
  DROP COLUMN IF EXISTS load_band,
  DROP COLUMN IF EXISTS shape_id,
  DROP COLUMN IF EXISTS added_lo,
  DROP COLUMN IF EXISTS overhead_lo,
  DROP COLUMN IF EXISTS request_path_lo,
  DROP COLUMN IF EXISTS response_path_lo
SETTINGS alter_sync = 0;
ALTER TABLE traces
  DROP COLUMN IF EXISTS mesh_removable,
  DROP COLUMN IF EXISTS mesh_work,
  DROP COLUMN IF EXISTS gateway_removable,
  DROP COLUMN IF EXISTS gateway_work,
  DROP COLUMN IF EXISTS segments.owner,
  DROP COLUMN IF EXISTS segments.leg,
  DROP COLUMN IF EXISTS segments.offset
SETTINGS alter_sync = 0;
ALTER TABLE traces MODIFY SETTING min_bytes_for_wide_part = 20000000;
