-- Traces of a second lie in no order: a merge copies whole runs of rows where it took turns between its parts row by row (docs/adr/0013).
RESORT TABLE traces ORDER BY (toStartOfMinute(start), toStartOfSecond(start));
