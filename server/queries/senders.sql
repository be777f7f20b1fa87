-- Who sent in the window, and how many spans a second lately: of the minute that ended with the last step that is surely written.
SELECT
  transport, client, by_key AS byKey, agent,
  arraySort(groupUniqArrayArray(services)) AS services,
  sum(requests) AS requests,
  sum(senders.stored) AS stored,
  sum(rejected) AS rejected,
  sum(late) AS late,
  sum(malformed) AS malformed,
  sum(unauthenticated) AS unauthenticated,
  sum(overloaded) AS overloaded,
  sum(limited) AS limited,
  sum(spool_full) AS spoolFull,
  sum(unavailable) AS unavailable,
  sumIf(senders.stored, step >= toStartOfInterval(now('UTC'), INTERVAL 10 SECOND) - 70 AND step < toStartOfInterval(now('UTC'), INTERVAL 10 SECOND) - 10) AS lately,
  toString(toUnixTimestamp64Milli(max(last_at))) AS lastMs
FROM senders
WHERE step >= toStartOfInterval(fromUnixTimestamp64Milli({fromMs:Int64}, 'UTC'), INTERVAL 10 SECOND)
  AND step < fromUnixTimestamp64Milli({toMs:Int64}, 'UTC')
GROUP BY transport, client, byKey, agent
ORDER BY lately DESC, stored DESC, client, transport, agent
LIMIT 1000
