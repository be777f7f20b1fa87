attributed AS (
  -- Facts with the value that their span, or its resource, has of one attribute; '' where it has none or is no longer stored.
  SELECT facts.*, found.text AS attribute
  FROM facts
  ANY LEFT JOIN (
    SELECT
      trace_id AS of_trace, if({wholes:UInt8} AND parent_id = toFixedString('', 8), parent_id, span_id) AS of_span,
      substring(if({{own}} AND mapContains(attrs, {attribute:String}), attrs[{attribute:String}], interned), 1, 256) AS text
    FROM spans
    ANY LEFT JOIN (
      SELECT {{id}} AS known, attrs[{attribute:String}] AS interned FROM {{table}} FINAL WHERE mapContains(attrs, {attribute:String})
    ) AS dictionary ON spans.{{id}} = dictionary.known
    WHERE {{spansInWindow}} AND trace_id IN (SELECT trace_id FROM facts)
  ) AS found ON facts.trace_id = found.of_trace AND facts.span = found.of_span
)
