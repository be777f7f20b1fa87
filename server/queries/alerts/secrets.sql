-- What targets were given to sign or log in with, newest revision each.
SELECT id, secret FROM alerting FINAL WHERE kind = 'target' AND deleted = 0 AND secret != ''
