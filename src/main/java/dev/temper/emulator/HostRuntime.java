package dev.temper.emulator;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The sources of CUDA on the host ({@code native/cuda-host}), which are resources of this library.
 *
 * @param texts content by file name
 */
record HostRuntime(Map<String, String> texts) {

  private static final String FOLDER = "/dev/temper/cuda-host/";
  private static final List<String> UNITS =
      List.of("barriers.cpp", "collectives.cpp", "copies.cpp", "entry.cpp", "fiber.cpp", "launch.cpp",
      "mbarriers.cpp", "scheduler.cpp", "tracer.cpp");
  private static final List<String> HEADERS =
      List.of("cuda_host.h", "device_host.h", "fiber.h", "global_order.h", "machine.h", "shadow.h",
          "tracer.h");

  static HostRuntime load() {
    Map<String, String> texts = new LinkedHashMap<>();
    UNITS.forEach(name -> texts.put(name, read(name)));
    HEADERS.forEach(name -> texts.put(name, read(name)));
    return new HostRuntime(texts);
  }

  List<String> units() {
    return UNITS;
  }

  void writeTo(Path folder) throws IOException {
    for (Map.Entry<String, String> text : texts.entrySet()) {
      Files.writeString(folder.resolve(text.getKey()), text.getValue());
    }
  }

  private static String read(String name) {
    try (InputStream in = HostRuntime.class.getResourceAsStream(FOLDER + name)) {
      if (in == null) {
        throw new IllegalStateException(name + " is missing from the class path; expected it in the temper jar under "
            + FOLDER);
      }
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
