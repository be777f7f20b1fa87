"""Two spans by the OpenTelemetry SDK for Python: send.py http|grpc URL SERVICE; the rest by OTEL_EXPORTER_OTLP_…"""

import sys

from opentelemetry import trace
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

protocol, url, service = sys.argv[1:]
if protocol == "grpc":
    from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter

    exporter = OTLPSpanExporter(endpoint=url, insecure=url.startswith("http:"))
else:
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

    exporter = OTLPSpanExporter(endpoint=f"{url}/v1/traces")
provider = TracerProvider(resource=Resource.create({"service.name": service}))
provider.add_span_processor(BatchSpanProcessor(exporter))
tracer = provider.get_tracer("interop")
with tracer.start_as_current_span("GET /", kind=trace.SpanKind.SERVER):
    with tracer.start_as_current_span("work"):
        pass
provider.shutdown()
