-- The words behind proxy ids; none asked for: all.
SELECT proxy_id AS id, environment, cluster, namespace, family, workload, role, name
FROM proxy_names FINAL
WHERE empty({ids:Array(UInt64)}) OR proxy_id IN {ids:Array(UInt64)}
