ALTER TABLE jobs DELETE WHERE job = {job:UInt64} SETTINGS mutations_sync = 1
