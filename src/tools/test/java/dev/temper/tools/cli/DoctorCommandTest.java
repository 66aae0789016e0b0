package dev.temper.tools.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import dev.temper.diagnostics.DeviceFacts;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DoctorCommandTest {

  @TempDir private Path folder;

  @Test
  void tellsAboutEveryDeviceAndWhatAutoTakes() {
    Captured run = Captured.run("doctor");
    assertThat(run.status()).isZero();
    assertThat(run.err()).isEmpty();
    List<String> subjects = run.out().lines().map(line -> line.substring(0, Math.min(20, line.length())).strip())
        .toList();
    assertThat(subjects).contains("temper", "java", "system", "processor", "cuda", "cpu", "emulator", "reference",
        "auto",
        "CUDA driver", "C++ compiler", "kernel cache");
    assertThat(run.out()).containsPattern("(?m)^reference +yes: ").containsPattern("(?m)^auto +auto took ");
  }

  @Test
  void jsonHoldsTheSame() throws IOException {
    Captured run = Captured.run("doctor", "--json");
    assertThat(run.status()).isZero();
    List<String> names = new ArrayList<>();
    try (JsonParser json = new JsonFactory().createParser(run.out())) {
      assertThat(json.nextToken()).isEqualTo(JsonToken.START_OBJECT);
      while (json.nextToken() == JsonToken.FIELD_NAME) {
        names.add(json.currentName());
        json.nextToken();
        json.skipChildren();
      }
      assertThat(json.nextToken()).isNull();
    }
    assertThat(names).containsExactly("version", "commit", "java", "maxHeapBytes", "system", "processors", "processor",
        "features", "devices",
        "auto", "clusters", "findings", "cacheDirectory", "cacheFiles", "cacheBytes");
  }

  @Test
  void tellsWhatTheDeviceSaysOfItsClusters() throws IOException {
    DeviceFacts facts = new DeviceFacts("Some GPU", "9.0", 132, 1L << 37, 60 << 20, "none can be placed: it says",
        "CUDA 13.0", "NVRTC 13.0");
    Diagnosis here = Diagnosis.ofThisMachine();
    Diagnosis found = new Diagnosis(here.revision(), here.java(), here.maxHeapBytes(), here.system(), here.processors(),
        here.processor(),
        here.devices(), "auto took cuda:0", Optional.of(facts), here.findings(), here.cache());
    StringWriter text = new StringWriter();
    DoctorCommand.print(new PrintWriter(text), found);
    assertThat(text.toString()).containsPattern("(?m)^auto +auto took cuda:0$")
        .containsPattern("(?m)^clusters +none can be placed: it says$");
    assertThat(DiagnosisDocument.of(found).clusters()).isEqualTo("none can be placed: it says");
  }

  @Test
  void readsTheFeaturesThatMatter() throws IOException {
    Path cpuinfo = folder.resolve("cpuinfo");
    Files.writeString(cpuinfo,
        "processor\t: 0\nmodel name\t: Some Processor\nflags\t\t: fpu avx2 fma mmx\n\nprocessor\t: 1\nflags\t\t:"
            + " fpu\n");
    assertThat(Processor.of(cpuinfo)).isEqualTo(new Processor("Some Processor", List.of("avx2", "fma")));
    assertThat(Processor.of(folder.resolve("absent"))).isEqualTo(new Processor("", List.of()));
  }

  @Test
  void countsTheCache() throws IOException {
    assertThat(CacheUse.of(folder.resolve("absent"))).isEqualTo(new CacheUse(folder.resolve("absent"), 0, 0));
    Files.createDirectories(folder.resolve("inner"));
    Files.write(folder.resolve("inner/a"), new byte[10]);
    Files.write(folder.resolve("b"), new byte[5]);
    assertThat(CacheUse.of(folder)).isEqualTo(new CacheUse(folder, 2, 15));
  }
}
