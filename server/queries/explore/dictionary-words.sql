-- Attributes of some attribute sets or resources; of a value no more than whoever shows it needs.
SELECT toString({id:Identifier}) AS id, mapApply((key, value) -> (key, substring(value, 1, 257)), attrs) AS attrs
FROM {table:Identifier}
WHERE {id:Identifier} IN {ids:Array(UInt64)}
LIMIT 1 BY {id:Identifier}
