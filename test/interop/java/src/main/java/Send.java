import io.opentelemetry.api.common.AttributeKey;
import io.opentelemetry.api.trace.SpanKind;
import io.opentelemetry.exporter.otlp.http.trace.OtlpHttpSpanExporter;
import io.opentelemetry.exporter.otlp.trace.OtlpGrpcSpanExporter;
import io.opentelemetry.sdk.resources.Resource;
import io.opentelemetry.sdk.trace.SdkTracerProvider;
import io.opentelemetry.sdk.trace.export.BatchSpanProcessor;
import io.opentelemetry.sdk.trace.export.SpanExporter;

/** Two spans by the OpenTelemetry SDK for Java: Send http|grpc URL SERVICE. */
public class Send {
  public static void main(String[] args) throws Exception {
    SpanExporter exporter = args[0].equals("grpc")
        ? OtlpGrpcSpanExporter.builder().setEndpoint(args[1]).build()
        : OtlpHttpSpanExporter.builder().setEndpoint(args[1] + "/v1/traces").build();
    var resource = Resource.builder().put(AttributeKey.stringKey("service.name"), args[2]).build();
    try (var provider = SdkTracerProvider.builder()
        .addSpanProcessor(BatchSpanProcessor.builder(exporter).build())
        .setResource(resource)
        .build()) {
      var tracer = provider.get("interop");
      var server = tracer.spanBuilder("GET /").setSpanKind(SpanKind.SERVER).startSpan();
      try (var scope = server.makeCurrent()) {
        tracer.spanBuilder("work").startSpan().end();
      }
      server.end();
    }
    System.exit(0);
  }
}
