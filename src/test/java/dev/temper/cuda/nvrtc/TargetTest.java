package dev.temper.cuda.nvrtc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.temper.kernel.plan.Architecture;
import java.nio.file.Path;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

final class TargetTest {

  private static final NvrtcIdentity NVRTC = new NvrtcIdentity("test", Path.of("libnvrtc.so.12"), 1, 1, 12, 4,
      IntStream.of(75, 80, 86, 89, 90).mapToObj(Architecture::ofNumber).toList());

  @Test
  void machineCodeOfTheSameGenerationIsPreferred() {
    assertThat(choose(9, 0)).isEqualTo(Target.cubin(new Architecture(9, 0)));
    assertThat(choose(8, 7)).isEqualTo(Target.cubin(new Architecture(8, 6)));
  }

  @Test
  void newerDevicesGetPtxOfTheNewestKnown() {
    assertThat(choose(12, 0)).isEqualTo(new Target(new Architecture(9, 0), Target.Form.PTX));
  }

  @Test
  void aDriverTooOldForThePtxIsReportedWithTheRemedy() {
    assertThatThrownBy(() -> Target.choose(new Architecture(12, 0), NVRTC, 12_030))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("compute capability 12.0").hasMessageContaining("NVRTC 12.4")
        .hasMessageContaining("CUDA 12.3")
        .hasMessageContaining("upgrade NVRTC");
  }

  @Test
  void deviceTooOldIsRefused() {
    assertThatThrownBy(() -> choose(7, 0)).isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("compute capability 7.0").hasMessageContaining("7.5 and later");
  }

  @Test
  void readsResourcesOfSeveralEntries() {
    String log = """
        ptxas info    : 0 bytes gmem
        ptxas info    : Compiling entry function 'first' for 'sm_90'
        ptxas info    : Function properties for first
        ptxas         .     24 bytes stack frame, 16 bytes spill stores, 20 bytes spill loads
        ptxas info    : Used 168 registers, used 1 barriers, 24 bytes cumulative stack size, 2048 bytes smem
        ptxas info    : Compiling entry function 'second' for 'sm_90'
        ptxas info    : Function properties for second
            0 bytes stack frame, 0 bytes spill stores, 0 bytes spill loads
        ptxas info    : Used 12 registers, used 0 barriers
        """;
    assertThat(KernelResources.parse(log))
        .containsEntry("first", new KernelResources(168, 36, 24, 2048))
        .containsEntry("second", new KernelResources(12, 0, 0, 0))
        .hasSize(2);
  }

  private static Target choose(int major, int minor) {
    return Target.choose(new Architecture(major, minor), NVRTC, 12_040);
  }
}
