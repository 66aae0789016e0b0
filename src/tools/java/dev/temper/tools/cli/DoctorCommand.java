package dev.temper.tools.cli;

import com.fasterxml.jackson.core.JsonGenerator;
import dev.temper.diagnostics.Finding;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** {@code temper doctor}: will it work here, and if not, why. */
@Command(
    name = "doctor",
    description = {
      "Says whether Temper works on this machine, and if not, why.",
      "It lists what the machine has, what each device needs, and which device --device auto takes."
    })
final class DoctorCommand implements Callable<Integer> {

  @Mixin private OutputOptions results;

  @Override
  public Integer call() {
    Diagnosis diagnosis = Diagnosis.ofThisMachine();
    if (results.json) {
      results.print(json -> write(json, diagnosis));
    } else {
      print(results.out(), diagnosis);
    }
    return 0;
  }

  static void print(PrintWriter out, Diagnosis found) {
    line(out, "temper", Version.current() + ", commit " + found.revision());
    line(out, "java", String.format(Locale.ROOT, "%s, heap up to %.1f GiB", found.java(), found.maxHeapBytes() / 0x1p30));
    line(out, "system", found.system() + ", " + found.processors() + " processors");
    String name = found.processor().name();
    line(out, "processor", (name.isEmpty() ? "unknown" : name) + ": "
        + (found.processor().features().isEmpty() ? "features unknown" : String.join(" ", found.processor().features())));
    found.devices().forEach((device, availability) ->
        line(out, device, (availability.usable() ? "yes: " : "no: ") + availability.description()));
    line(out, "auto", found.auto());
    found.facts().ifPresent(facts -> line(out, "clusters", facts.clusters()));
    for (Finding finding : found.findings()) {
      line(out, finding.subject(), finding.result());
    }
    out.flush();
  }

  private static void line(PrintWriter out, String subject, String result) {
    out.printf(Locale.ROOT, "%-20s  %s%n", subject, result);
  }

  static void write(JsonGenerator json, Diagnosis found) throws IOException {
    json.writeStartObject();
    json.writeStringField("version", Version.current());
    json.writeStringField("commit", found.revision());
    json.writeStringField("java", found.java());
    json.writeNumberField("maxHeapBytes", found.maxHeapBytes());
    json.writeStringField("system", found.system());
    json.writeNumberField("processors", found.processors());
    json.writeStringField("processor", found.processor().name());
    json.writeFieldName("features");
    json.writeArray(found.processor().features().toArray(String[]::new), 0, found.processor().features().size());
    json.writeArrayFieldStart("devices");
    for (var device : found.devices().entrySet()) {
      json.writeStartObject();
      json.writeStringField("device", device.getKey());
      json.writeBooleanField("usable", device.getValue().usable());
      json.writeStringField("description", device.getValue().description());
      json.writeEndObject();
    }
    json.writeEndArray();
    json.writeStringField("auto", found.auto());
    if (found.facts().isPresent()) {
      json.writeStringField("clusters", found.facts().get().clusters());
    }
    json.writeArrayFieldStart("findings");
    for (Finding finding : found.findings()) {
      json.writeStartObject();
      json.writeStringField("subject", finding.subject());
      json.writeStringField("result", finding.result());
      json.writeEndObject();
    }
    json.writeEndArray();
    json.writeStringField("cacheDirectory", found.cache().directory().toString());
    json.writeNumberField("cacheFiles", found.cache().files());
    json.writeNumberField("cacheBytes", found.cache().bytes());
    json.writeEndObject();
  }
}
