-- Many parts are merged at a time, so that a row is written fewer times (docs/adr/0013): spans in sixteens, facts when sixteen would have the size of
-- the largest, or fewer where there are many. Merging is the most of what ClickHouse does while much comes in. Until then there are more small parts.
ALTER TABLE spans MODIFY SETTING merge_selector_base = 10, min_parts_to_merge_at_once = 16;
ALTER TABLE hops MODIFY SETTING merge_selector_base = 16;
ALTER TABLE proxies MODIFY SETTING merge_selector_base = 16;
ALTER TABLE traces MODIFY SETTING merge_selector_base = 16;
