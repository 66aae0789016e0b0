package dev.temper.cuda.nvrtc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.temper.kernel.code.KernelSource;
import dev.temper.kernel.plan.Architecture;
import dev.temper.kernel.spec.BatchKernel;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class KernelCompilerTest {

  private static final Target HOPPER = Target.cubin(new Architecture(9, 0));
  private static final KernelSource SCALE = new KernelSource("scale.cu", """
      #include "deep/first.h"
      extern "C" __global__ void scale(float* x) {
        __shared__ float kept[32];
        kept[threadIdx.x] = x[threadIdx.x];
        __syncthreads();
        x[threadIdx.x] = second(FACTOR * kept[31 - threadIdx.x]);
      }
      """, new TreeMap<>(Map.of(
      "deep/first.h", "#include \"deep/second.h\"\n",
      "deep/second.h", "#pragma once\n__device__ inline float second(float x) { return x + 2; }\n")));

  @TempDir Path cache;

  @Test
  void compilesForEveryGenerationAndCountsResources() {
    KernelCompiler compiler = MachineNvrtc.compiler(cache);
    for (int number : List.of(75, 80, 90, 100, 120)) {
      CompiledKernel kernel = scale(compiler, Target.cubin(Architecture.ofNumber(number)));
      // A cubin is an ELF file.
      assertThat(kernel.code()).startsWith(0x7f, 'E', 'L', 'F');
      assertThat(kernel.resources()).containsOnlyKeys("scale").hasEntrySatisfying("scale", resources -> {
        assertThat(resources.registers()).isBetween(4, 64);
        assertThat(resources.sharedBytes()).isGreaterThanOrEqualTo(128);
        assertThat(resources.spillBytes()).isZero();
      });
    }
  }

  @Test
  void makesPtxForUnknownDevices() {
    KernelCompiler compiler = MachineNvrtc.compiler(cache);
    Architecture newest = compiler.nvrtc().architectures().getLast();
    Target target = Target.choose(new Architecture(newest.major() + 1, 0), compiler.nvrtc(), 99_000);
    assertThat(target.form()).isEqualTo(Target.Form.PTX);
    String ptx = new String(scale(compiler, target).code(), StandardCharsets.UTF_8);
    assertThat(ptx).contains(".target sm_" + target.architecture().number()).contains(".entry scale").endsWith("\0");
  }

  @Test
  void warmStartDoesNotLoadNvrtc() {
    KernelCompiler cold = MachineNvrtc.compiler(cache);
    CompiledKernel first = scale(cold, HOPPER);
    KernelCompiler warm = MachineNvrtc.compiler(cache);
    CompiledKernel second = scale(warm, HOPPER);
    assertThat(first.fromCache()).isFalse();
    assertThat(cold.hasLoadedNvrtc()).isTrue();
    assertThat(second.fromCache()).isTrue();
    assertThat(warm.hasLoadedNvrtc()).isFalse();
    assertThat(second.code()).isEqualTo(first.code());
    assertThat(second.resources()).isEqualTo(first.resources());
    assertThat(warm.nvrtc()).isEqualTo(cold.nvrtc());
  }

  @Test
  void everyInputIsPartOfTheKey() {
    KernelCompiler compiler = MachineNvrtc.compiler(cache);
    scale(compiler, HOPPER);
    Map<String, String> headers = new TreeMap<>(SCALE.headers());
    headers.computeIfPresent("deep/second.h", (name, text) -> text.replace("+ 2", "+ 3"));
    KernelSource changedHeader = new KernelSource(SCALE.file(), SCALE.text(), new TreeMap<>(headers));
    KernelSource changedText = new KernelSource(SCALE.file(), SCALE.text() + "\n", SCALE.headers());
    assertThat(scale(compiler, HOPPER).fromCache()).isTrue();
    assertThat(compiler.compile("scale", changedHeader, List.of("FACTOR=3.0f"), HOPPER).fromCache()).isFalse();
    assertThat(compiler.compile("scale", changedText, List.of("FACTOR=3.0f"), HOPPER).fromCache()).isFalse();
    assertThat(compiler.compile("scale", SCALE, List.of("FACTOR=4.0f"), HOPPER).fromCache()).isFalse();
    assertThat(scale(compiler, Target.cubin(new Architecture(8, 0))).fromCache()).isFalse();
  }

  @Test
  void damagedEntryIsCompiledAgain() throws IOException {
    scale(MachineNvrtc.compiler(cache), HOPPER);
    try (Stream<Path> entries = Files.list(cache)) {
      for (Path entry : entries.filter(Files::isRegularFile).toList()) {
        Files.writeString(entry, "damaged");
      }
    }
    KernelCompiler compiler = MachineNvrtc.compiler(cache);
    assertThat(scale(compiler, HOPPER).fromCache()).isFalse();
    assertThat(scale(compiler, HOPPER).fromCache()).isTrue();
  }

  @Test
  void whatTheDriverRefusedIsRebuilt() {
    KernelCompiler compiler = MachineNvrtc.compiler(cache);
    CompiledKernel first = compiler.compile(BatchKernel.CHECK, HOPPER);
    assertThat(compiler.compile(BatchKernel.CHECK, HOPPER).fromCache()).isTrue();
    CompiledKernel again = compiler.rebuild(BatchKernel.CHECK, HOPPER);
    assertThat(again.fromCache()).isFalse();
    assertThat(again.code()).isEqualTo(first.code());
  }

  @Test
  void worksWithoutACacheToWriteTo() throws IOException {
    Path file = Files.writeString(cache.resolve("file"), "in the way");
    KernelCompiler compiler = MachineNvrtc.compiler(file.resolve("cache"));
    assertThat(scale(compiler, HOPPER).code()).isNotEmpty();
    assertThat(scale(compiler, HOPPER).fromCache()).isFalse();
    assertThat(compiler.describeCache()).startsWith("off: ");
  }

  @Test
  void errorShowsKernelOptionsLogAndNumberedSource() {
    KernelSource source = new KernelSource("broken.cu", "#include \"inner.h\"\n",
        new TreeMap<>(Map.of("inner.h", "// one\n// two\nint x = nowhere;\n// four\n")));
    KernelCompiler compiler = MachineNvrtc.compiler(cache);
    assertThatThrownBy(() -> compiler.compile("broken_f32", source, List.of("A=1"), HOPPER))
        .isInstanceOf(KernelCompileException.class)
        .hasMessageContaining("kernel broken_f32 (broken.cu) did not compile")
        .hasMessageContaining("--gpu-architecture=sm_90 --ptxas-options=-v --define-macro=A=1")
        .hasMessageContaining("identifier \"nowhere\" is undefined")
        .hasMessageContaining("     2  // two\n>    3  int x = nowhere;\n     4  // four");
  }

  private static CompiledKernel scale(KernelCompiler compiler, Target target) {
    return compiler.compile("scale", SCALE, List.of("FACTOR=3.0f"), target);
  }
}
