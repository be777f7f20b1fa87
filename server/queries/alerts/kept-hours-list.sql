SELECT DISTINCT toUInt32(hour) AS seconds FROM alert_minutes
WHERE hour >= toDateTime({from:UInt32}, 'UTC') AND hour < toDateTime({to:UInt32}, 'UTC')
