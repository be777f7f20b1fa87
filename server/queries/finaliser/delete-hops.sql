-- Takes away what a job wrote before it died. mutations_sync: it is gone when this returns.
ALTER TABLE hops DELETE WHERE job = {job:UInt64} SETTINGS mutations_sync = 1
