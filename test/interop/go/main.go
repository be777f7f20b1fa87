// Two spans by the OpenTelemetry SDK for Go: main http|grpc HOST:PORT SERVICE; in the clear unless OTEL_EXPORTER_OTLP_CERTIFICATE is set.
package main

import (
	"context"
	"log"
	"os"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracegrpc"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/sdk/resource"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
)

func main() {
	protocol, address, service := os.Args[1], os.Args[2], os.Args[3]
	ctx := context.Background()
	var client otlptrace.Client
	insecure := os.Getenv("OTEL_EXPORTER_OTLP_CERTIFICATE") == ""
	if protocol == "grpc" {
		options := []otlptracegrpc.Option{otlptracegrpc.WithEndpoint(address)}
		if insecure {
			options = append(options, otlptracegrpc.WithInsecure())
		}
		client = otlptracegrpc.NewClient(options...)
	} else {
		options := []otlptracehttp.Option{otlptracehttp.WithEndpoint(address)}
		if insecure {
			options = append(options, otlptracehttp.WithInsecure())
		}
		client = otlptracehttp.NewClient(options...)
	}
	exporter, err := otlptrace.New(ctx, client)
	if err != nil {
		log.Fatal(err)
	}
	provider := sdk.NewTracerProvider(
		sdk.WithBatcher(exporter),
		sdk.WithResource(resource.NewSchemaless(attribute.String("service.name", service))),
	)
	tracer := provider.Tracer("interop")
	ctx, server := tracer.Start(ctx, "GET /", trace.WithSpanKind(trace.SpanKindServer))
	_, work := tracer.Start(ctx, "work")
	work.End()
	server.End()
	if err := provider.Shutdown(ctx); err != nil {
		log.Fatal(err)
	}
}
