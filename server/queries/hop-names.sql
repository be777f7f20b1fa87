-- The words behind hop ids; none asked for: all.
SELECT hop_id AS id, environment, cluster, namespace, kind, caller, callee, via
FROM hop_names FINAL
WHERE empty({ids:Array(UInt64)}) OR hop_id IN {ids:Array(UInt64)}
