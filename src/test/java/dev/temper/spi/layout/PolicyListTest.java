package dev.temper.spi.layout;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** Compares the list of divergences in C++ with the names in Java. */
final class PolicyListTest {

  private static final Pattern ENTRY = Pattern.compile("^  X\\((\\w+)\\)", Pattern.MULTILINE);

  @Test
  void javaNamesThePoliciesOfTheList() throws IOException {
    String list = Files.readString(Path.of("kernels/divergence/all.h"));
    assertThat(ENTRY.matcher(list).results().map(found -> found.group(1)).toList())
        .isEqualTo(DivergencePolicy.NAMES);
  }
}
