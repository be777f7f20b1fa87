,
-- The coverage ledger of one kind, from `ledger`: whole hours of the hourly table, the rest by the minute (ledger-*.sql).
counted AS (
  SELECT id, service, what, extra, toFloat64(sum(requests)) AS n
  FROM ledger
  WHERE (empty({environment:String}) OR environment = {environment:String})
    AND (empty({cluster:String}) OR cluster = {cluster:String})
    AND (empty({namespace:String}) OR namespace = {namespace:String})
  GROUP BY id, service, what, extra
)
SELECT * FROM counted WHERE n > 0
