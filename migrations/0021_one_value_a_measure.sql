-- Of a measure a fact has one value: the estimate, or of one that is bounded its upper end (docs/adr/0010). That is all that was ever read of the
-- two columns, and the second were eight bytes a measure that compress badly. Rows of before have the upper end of what is bounded in <name>_hi and
-- NULL in <name>, so queries read ifNull(<name>, <name>_hi); the columns can go when such rows have expired, without rewriting any.
ALTER TABLE hops
  COMMENT COLUMN transit 'ns; of what is bounded its upper end',
  COMMENT COLUMN transit_hi 'upper end of what is bounded in rows from before migration 21'
SETTINGS alter_sync = 0;
ALTER TABLE proxies
  COMMENT COLUMN added 'ns; of what is bounded its upper end',
  COMMENT COLUMN added_hi 'upper end of what is bounded in rows from before migration 21',
  COMMENT COLUMN overhead 'ns; of what is bounded its upper end',
  COMMENT COLUMN overhead_hi 'upper end of what is bounded in rows from before migration 21',
  COMMENT COLUMN request_path 'ns; of what is bounded its upper end',
  COMMENT COLUMN request_path_hi 'upper end of what is bounded in rows from before migration 21',
  COMMENT COLUMN response_path 'ns; of what is bounded its upper end',
  COMMENT COLUMN response_path_hi 'upper end of what is bounded in rows from before migration 21'
SETTINGS alter_sync = 0;
