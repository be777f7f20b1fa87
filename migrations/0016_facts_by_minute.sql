-- The facts of a hop or proxy in one minute lie in no order: nothing reads them by start, and a merge copies whole runs of rows
-- where it took turns between its parts row by row. Parts that merges make are wide, as in 0012, so that they go column by column.
RESORT TABLE hops ORDER BY (hop_id, toStartOfMinute(start));
RESORT TABLE proxies ORDER BY (proxy_id, toStartOfMinute(start));
ALTER TABLE hops MODIFY SETTING min_bytes_for_wide_part = 40000000;
ALTER TABLE proxies MODIFY SETTING min_bytes_for_wide_part = 60000000;
