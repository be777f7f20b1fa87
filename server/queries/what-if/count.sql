-- Goes on from `facts` (explore/facts.ts).
SELECT toFloat64(sum(sign)) AS all, toFloat64(sumIf(sign, duration IS NULL)) AS rootless FROM facts
