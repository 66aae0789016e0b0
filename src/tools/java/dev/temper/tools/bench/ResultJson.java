package dev.temper.tools.bench;

import com.fasterxml.jackson.core.JsonGenerator;
import dev.temper.diagnostics.DeviceFacts;
import java.io.IOException;
import java.util.List;
import java.util.Map;

/** Writes a result file as JSON: the names are those of the records' components. */
public final class ResultJson {

  private ResultJson() {}

  /** Writes one object. */
  public static void write(ResultFile file, JsonGenerator json) throws IOException {
    json.writeStartObject();
    json.writeStringField("group", file.group());
    json.writeStringField("date", file.date());
    json.writeStringField("commit", file.commit());
    write("machine", file.machine(), json);
    if (file.device() != null) {
      write("device", file.device(), json);
      fields("clocks", file.clocks(), json, json::writeNumberField);
    }
    fields("versions", file.versions(), json, json::writeStringField);
    json.writeNumberField("copyGigabytesPerSecond", file.copyGigabytesPerSecond());
    json.writeBooleanField("quiet", file.quiet());
    texts("disturbances", file.disturbances(), json);
    write("quietness", file.quietness(), json);
    json.writeNumberField("unfinished", file.unfinished());
    texts("notes", file.notes(), json);
    json.writeArrayFieldStart("entries");
    for (Entry entry : file.entries()) {
      write(entry, json);
    }
    json.writeEndArray();
    json.writeEndObject();
  }

  private static void write(String name, Machine machine, JsonGenerator json) throws IOException {
    json.writeObjectFieldStart(name);
    json.writeStringField("processor", machine.processor());
    json.writeNumberField("cores", machine.cores());
    json.writeNumberField("lastLevelCacheBytes", machine.lastLevelCacheBytes());
    json.writeStringField("system", machine.system());
    json.writeEndObject();
  }

  private static void write(String name, DeviceFacts device, JsonGenerator json) throws IOException {
    json.writeObjectFieldStart(name);
    json.writeStringField("name", device.name());
    json.writeStringField("capability", device.capability());
    json.writeNumberField("multiprocessors", device.multiprocessors());
    json.writeNumberField("memoryBytes", device.memoryBytes());
    json.writeNumberField("cacheBytes", device.cacheBytes());
    json.writeStringField("clusters", device.clusters());
    json.writeStringField("driver", device.driver());
    json.writeStringField("compiler", device.compiler());
    json.writeEndObject();
  }

  private static void write(String name, Quietness quietness, JsonGenerator json) throws IOException {
    json.writeObjectFieldStart(name);
    json.writeNumberField("spinBefore", quietness.spinBefore());
    json.writeNumberField("spinAfter", quietness.spinAfter());
    json.writeNumberField("stolen", quietness.stolen());
    json.writeNumberField("others", quietness.others());
    json.writeEndObject();
  }

  private static void write(Entry entry, JsonGenerator json) throws IOException {
    json.writeStartObject();
    json.writeStringField("benchmark", entry.benchmark());
    fields("parameters", entry.parameters(), json, json::writeStringField);
    json.writeStringField("unit", entry.unit());
    json.writeObjectFieldStart("time");
    json.writeNumberField("median", entry.time().median());
    json.writeNumberField("low", entry.time().low());
    json.writeNumberField("high", entry.time().high());
    json.writeNumberField("fastest", entry.time().fastest());
    json.writeNumberField("samples", entry.time().samples());
    json.writeEndObject();
    fields("also", entry.also(), json, json::writeNumberField);
    json.writeEndObject();
  }

  private static void texts(String name, List<String> texts, JsonGenerator json) throws IOException {
    json.writeArrayFieldStart(name);
    for (String text : texts) {
      json.writeString(text);
    }
    json.writeEndArray();
  }

  /** One field of an object. */
  private interface Field<V> {
    void write(String name, V value) throws IOException;
  }

  private static <V> void fields(String name, Map<String, V> fields, JsonGenerator json, Field<V> field) throws IOException {
    json.writeObjectFieldStart(name);
    for (Map.Entry<String, V> entry : fields.entrySet()) {
      field.write(entry.getKey(), entry.getValue());
    }
    json.writeEndObject();
  }
}
