-- Tokens that are remembered (docs/adr/0008): more than all collectors together can use up while one INSERT that is tried again runs
-- beside its first attempt, which takes 30 s at most.
ALTER TABLE spans MODIFY SETTING non_replicated_deduplication_window = 10000;
ALTER TABLE batches MODIFY SETTING non_replicated_deduplication_window = 10000;
