-- Statements of an earlier life of this finaliser that ClickHouse is still working on.
KILL QUERY WHERE startsWith(query_id, {prefix:String}) SYNC
