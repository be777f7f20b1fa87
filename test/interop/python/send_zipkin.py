"""Two spans by py_zipkin, which is no OpenTelemetry SDK: send_zipkin.py json|protobuf URL SERVICE. Gzip, key and certificate as the SDKs take them from the environment."""

import gzip
import os
import ssl
import sys
import urllib.request

from py_zipkin import Encoding, Kind
from py_zipkin.transport import BaseTransportHandler
from py_zipkin.zipkin import zipkin_span

encoding, url, service = sys.argv[1:]


class Transport(BaseTransportHandler):
    def get_max_payload_bytes(self):
        return None

    def send(self, payload):
        body = payload.encode() if isinstance(payload, str) else payload
        kind = "application/json" if encoding == "json" else "application/x-protobuf"
        headers = {"content-type": kind}
        for pair in filter(None, os.environ.get("OTEL_EXPORTER_OTLP_HEADERS", "").split(",")):
            name, value = pair.split("=", 1)
            headers[name] = value
        if os.environ.get("OTEL_EXPORTER_OTLP_COMPRESSION") == "gzip":
            body = gzip.compress(body)
            headers["content-encoding"] = "gzip"
        ca = os.environ.get("OTEL_EXPORTER_OTLP_CERTIFICATE")
        context = ssl.create_default_context(cafile=ca) if ca else None
        request = urllib.request.Request(f"{url}/api/v2/spans", data=body, headers=headers)
        with urllib.request.urlopen(request, context=context, timeout=10) as response:
            assert response.status == 202, response.status


options = {
    "service_name": service,
    "transport_handler": Transport(),
    "encoding": Encoding.V2_JSON if encoding == "json" else Encoding.V2_PROTO3,
}
with zipkin_span(span_name="GET /", kind=Kind.SERVER, sample_rate=100, **options):
    with zipkin_span(service_name=service, span_name="work"):
        pass
