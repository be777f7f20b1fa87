import io.opentelemetry.api.common.AttributeKey;
import io.opentelemetry.api.trace.SpanKind;
import io.opentelemetry.exporter.otlp.http.trace.OtlpHttpSpanExporter;
import io.opentelemetry.exporter.otlp.trace.OtlpGrpcSpanExporter;
import io.opentelemetry.sdk.resources.Resource;
import io.opentelemetry.sdk.trace.SdkTracerProvider;
import io.opentelemetry.sdk.trace.export.BatchSpanProcessor;
import io.opentelemetry.sdk.trace.export.SpanExporter;
import java.nio.file.Files;
import java.nio.file.Path;

/** Two spans by the OpenTelemetry SDK for Java: Send http|grpc URL SERVICE [KEY CA-FILE]; with these by gzip. */
public class Send {
  public static void main(String[] args) throws Exception {
    SpanExporter exporter;
    var ca = args.length > 4 ? Files.readAllBytes(Path.of(args[4])) : null;
    if (args[0].equals("grpc")) {
      var builder = OtlpGrpcSpanExporter.builder().setEndpoint(args[1]);
      if (ca != null) builder.addHeader("api-key", args[3]).setTrustedCertificates(ca).setCompression("gzip");
      exporter = builder.build();
    } else {
      var builder = OtlpHttpSpanExporter.builder().setEndpoint(args[1] + "/v1/traces");
      if (ca != null) builder.addHeader("api-key", args[3]).setTrustedCertificates(ca).setCompression("gzip");
      exporter = builder.build();
    }
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
