package dev.temper.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

final class KernelSourceTest {

  @Test
  void headersComeWithTheirPathBelowTheSources() {
    KernelSource source = KernelSource.load("divergence/jensen_shannon.h");
    assertThat(source.text()).contains("struct JensenShannon").contains("#include \"divergence/policy.h\"");
    assertThat(source.headers()).containsOnlyKeys("divergence/policy.h");
    assertThat(source.headers().get("divergence/policy.h")).contains("struct Element");
  }

  @Test
  void missingSourceIsNamed() {
    assertThatThrownBy(() -> KernelSource.load("nothing.cu")).isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("nothing.cu").hasMessageContaining("temper jar");
  }
}
