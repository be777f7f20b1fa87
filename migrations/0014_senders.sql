-- Who sends: by client (the name of its API key, else its address), transport and program, in steps of ten seconds, written by each collector
-- every few seconds. For people who look; nothing is computed from it.
CREATE TABLE senders (
  step DateTime('UTC'),
  collector LowCardinality(String),
  transport LowCardinality(String),
  client LowCardinality(String),
  by_key UInt8,
  agent LowCardinality(String),
  services SimpleAggregateFunction(groupUniqArrayArray, Array(String)),
  requests SimpleAggregateFunction(sum, UInt64),
  bytes SimpleAggregateFunction(sum, UInt64),
  stored SimpleAggregateFunction(sum, UInt64),
  rejected SimpleAggregateFunction(sum, UInt64),
  late SimpleAggregateFunction(sum, UInt64),
  malformed SimpleAggregateFunction(sum, UInt64),
  unauthenticated SimpleAggregateFunction(sum, UInt64),
  overloaded SimpleAggregateFunction(sum, UInt64),
  limited SimpleAggregateFunction(sum, UInt64),
  spool_full SimpleAggregateFunction(sum, UInt64),
  unavailable SimpleAggregateFunction(sum, UInt64),
  last_at SimpleAggregateFunction(max, DateTime64(3, 'UTC'))
) ENGINE = AggregatingMergeTree
ORDER BY (step, collector, transport, client, by_key, agent)
TTL step + INTERVAL 7 DAY;
