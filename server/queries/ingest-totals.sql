-- Spans whose batch is committed, as soon as it is; traces that changed after they had settled (D9 LATE_REVISION).
SELECT
  (
    SELECT sum(spans) FROM batches
    WHERE committed_at >= fromUnixTimestamp64Milli({fromMs:Int64}, 'UTC') AND committed_at < fromUnixTimestamp64Milli({toMs:Int64}, 'UTC')
  ) AS stored,
  (SELECT toString(toUnixTimestamp64Milli(max(committed_at))) FROM batches) AS lastMs,
  (
    SELECT uniqExact(trace_id) FROM traces
    WHERE settled_at >= fromUnixTimestamp64Milli({fromMs:Int64}, 'UTC') AND settled_at < fromUnixTimestamp64Milli({toMs:Int64}, 'UTC')
      AND bitAnd(flags, 65536) != 0 AND sign = 1
      -- Facts that were made again keep the flag of those they replace.
      AND job NOT IN (SELECT jobs.job FROM jobs WHERE jobs.reanalysis != 0)
  ) AS late,
  (
    -- A cut trace has a row that stands for those that were not read.
    SELECT greatest(0, sum(sign * (toInt64(span_rows) - toInt64(span_count)))) FROM traces
    WHERE settled_at >= fromUnixTimestamp64Milli({fromMs:Int64}, 'UTC') AND settled_at < fromUnixTimestamp64Milli({toMs:Int64}, 'UTC')
      AND span_rows > span_count AND analysis_version > 0 AND bitAnd(flags, 32768) = 0
  ) AS duplicates
