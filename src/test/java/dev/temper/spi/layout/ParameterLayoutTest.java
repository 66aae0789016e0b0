package dev.temper.spi.layout;

import static org.assertj.core.api.Assertions.assertThat;

import dev.temper.kernel.code.KernelSource;
import dev.temper.kernel.spec.ProbeParameters;
import java.io.IOException;
import java.lang.foreign.MemoryLayout.PathElement;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.StructLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Compares the layouts with the C++ compiler's offsets of the fields in kernels/parameters.h. */
final class ParameterLayoutTest {

  private static final Map<String, StructLayout> STRUCTS = Map.of(
      "LossParameters", LossParameters.LAYOUT, "PrimitiveParameters", PrimitiveParameters.LAYOUT,
      "ProbeParameters", ProbeParameters.LAYOUT, "BatchStatus", BatchStatus.LAYOUT, "BatchTotals", BatchTotals.LAYOUT,
      "BatchReport", BatchReport.LAYOUT, "TopKParameters", TopKParameters.LAYOUT);

  @TempDir Path folder;

  @Test
  void javaAndCppAgree() throws IOException, InterruptedException {
    Map<String, String> expected = new LinkedHashMap<>();
    StringBuilder program =
        new StringBuilder("#include <cstddef>\n#include <cstdio>\n#include \"parameters.h\"\nint main() {\n");
    STRUCTS.forEach((name, layout) -> {
      ask(program, expected, name, "sizeof(temper::" + name + ")", layout.byteSize() + " 0");
      for (MemoryLayout field : layout.memberLayouts()) {
        String member = field.name().orElseThrow();
        ask(program, expected, name + "." + member, "offsetof(temper::" + name + ", " + member + ")",
            layout.byteOffset(PathElement.groupElement(member)) + " " + field.byteSize());
      }
    });
    assertThat(run(program.append("}\n").toString())).containsExactlyInAnyOrderElementsOf(
        expected.entrySet().stream().map(e -> e.getKey() + " " + e.getValue()).toList());
  }

  @Test
  void everyFieldOfTheHeaderIsKnown() throws IOException {
    // Two swapped fields have the same sizes but not the same names.
    String header = KernelSource.load("parameters.h").text();
    for (Map.Entry<String, StructLayout> struct : STRUCTS.entrySet()) {
      int begin = header.indexOf("struct " + struct.getKey() + " {");
      String body = header.substring(begin, header.indexOf("};", begin)).replaceAll("//[^\n]*", "");
      List<String> names = new ArrayList<>();
      for (String declaration : body.substring(body.indexOf('{') + 1).split(";", -1)) {
        for (String declarator : declaration.split(",", -1)) {
          String name = declarator.replaceAll(".*[\\s*]", "").replaceAll("\\[.*", "").strip();
          if (!name.isEmpty()) {
            names.add(name);
          }
        }
      }
      assertThat(names).as(struct.getKey())
          .isEqualTo(struct.getValue().memberLayouts().stream().map(field -> field.name().orElseThrow()).toList());
    }
  }

  private static void ask(StringBuilder program, Map<String, String> expected, String key, String expression,
      String value) {
    String size = key.contains(".") ? "sizeof(temper::" + key.replace(".", "::") + ")" : "0";
    program.append("  std::printf(\"").append(key).append(" %zu %zu\\n\", size_t(").append(expression)
        .append("), size_t(")
        .append(size).append("));\n");
    expected.put(key, value);
  }

  private List<String> run(String program) throws IOException, InterruptedException {
    Path source = Files.writeString(folder.resolve("layout.cpp"), program);
    Path binary = folder.resolve("layout");
    // The build has compiled the CPU engine with the same compiler.
    String compiler = System.getenv().getOrDefault("CXX", "g++");
    output(compiler, "-std=c++17", "-Ikernels", source.toString(), "-o", binary.toString());
    return output(binary.toString());
  }

  private List<String> output(String... command) throws IOException, InterruptedException {
    Path log = folder.resolve("log");
    Process process = new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(log.toFile()).start();
    String text = process.waitFor() == 0 ? "" : "failed: ";
    assertThat(text + Files.readString(log, StandardCharsets.UTF_8)).doesNotStartWith("failed: ");
    return Files.readAllLines(log);
  }
}
