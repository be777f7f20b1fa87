-- Spans are merged by thirty-two parts that are about as large as each other: in ten minutes of much traffic, some 400 INSERTs, a row is written
-- again one and a half times to twice, not twice and more (docs/adr/0013).
ALTER TABLE spans MODIFY SETTING min_parts_to_merge_at_once = 32, merge_selector_base = 24;
