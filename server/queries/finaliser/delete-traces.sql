-- Takes away what a job wrote before it died. mutations_sync: it is gone when this returns.
ALTER TABLE traces DELETE WHERE job = {job:UInt64} SETTINGS mutations_sync = 1
