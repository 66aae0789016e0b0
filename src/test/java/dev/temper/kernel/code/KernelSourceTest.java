package dev.temper.kernel.code;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

final class KernelSourceTest {

  @Test
  void headersComeWithTheirPathBelowTheSources() {
    KernelSource source = KernelSource.load("divergence/jensen_shannon.h");
    assertThat(source.text()).contains("struct JensenShannon").contains("#include \"divergence/mixture.h\"");
    assertThat(source.headers()).containsOnlyKeys(
        "divergence/mixture.h", "divergence/policy.h", "divergence/element.h", "divergence/label.h", "inline.h");
    assertThat(source.headers().get("divergence/element.h")).contains("struct Element");
  }

  @Test
  void everyIncludeIsFoundButThoseOfAnotherHost() throws IOException {
    try (Stream<Path> files = Files.walk(Path.of("kernels"))) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        String name = Path.of("kernels").relativize(file).toString();
        KernelSource source = KernelSource.load(name);
        Matcher include = Pattern.compile("#\\s*include\\s*\"([^\"]+)\"").matcher(source.text());
        while (include.find()) {
          assertThat(source.headers().containsKey(include.group(1))).as("%s of %s", include.group(), name)
              .isEqualTo(!include.group(1).equals("device_host.h"));
        }
      }
    }
  }

  @Test
  void missingSourceIsNamed() {
    assertThatThrownBy(() -> KernelSource.load("nothing.cu")).isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("nothing.cu").hasMessageContaining("temper jar");
  }
}
