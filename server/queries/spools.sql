-- What waits in the spools of the collectors that have said so lately; no row when none has.
SELECT sum(spans) AS spans, sum(batches) AS batches, sum(bytes) AS bytes, sum(limit_bytes) AS limitBytes, sum(set_aside) AS setAside
FROM (SELECT * FROM spools ORDER BY said_at DESC LIMIT 1 BY collector, directory)
WHERE said_at > now64(3, 'UTC') - INTERVAL 20 SECOND
HAVING count() > 0
