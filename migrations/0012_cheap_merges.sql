-- Merges into wide parts go column by column, which costs about half of a merge row by row. One INSERT stays below this size and
-- makes a compact part, which writes few files; what merges make lies above it.
ALTER TABLE spans MODIFY SETTING min_bytes_for_wide_part = 40000000;
