package dev.temper.emulator;

import static org.assertj.core.api.Assertions.assertThat;

import dev.temper.DeviceException;
import dev.temper.EngineOptions;
import dev.temper.diagnostics.SelfCheck;
import dev.temper.kernel.code.CacheDirectory;
import dev.temper.kernel.code.DiskCache;
import dev.temper.kernel.code.KernelSource;
import dev.temper.kernel.run.KernelEngine;
import dev.temper.spi.EngineBackend;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Tests the self-checks: they hold for the emulator's device functions, and each fails for a slightly wrong function.
 */
class DeviceFunctionsTest {

  /**
   * A text of device_host.h, the defect that replaces it, and the checks that must find it. The defects of a set are
   * planted together and compiled once, because defects of different functions do not hide one another.
   */
  private record Broken(int set, String correct, String broken, List<String> noticedBy) {}

  private static final List<Broken> DEFECTS = List.of(
      new Broken(1, "return ::exp2f(x);", "float y = ::exp2f(x); return y < 0x1p-126f ? 0 : y;", List.of("exp2")),
      new Broken(1, "static_cast<float>(fraction) * 0x1p-24f", "0", List.of("widen-f16")),
      new Broken(1, "0xfffu + (magnitude >> 13 & 1u)", "0x1000u", List.of("narrow-f16")),
      new Broken(1, "if (value != value) return 0x7fffu;", "", List.of("narrow-bf16")),
      new Broken(1, "cuda_host::load_vector8(address, words);",
      "cuda_host::load_vector8(address, words); words[1] ^= 1;", List.of("words-8-bytes")),
      new Broken(1, "static_cast<char*>(address) + 4 * i, four",
      "static_cast<char*>(address) + 4 * (WORDS - 4 - i), four", List.of("words-32-bytes")),
      new Broken(1, "cuda_host::async_copy(shared, global, BYTES);", "cuda_host::async_copy(shared, global, 8);",
      List.of("async-copy-16-bytes")),
      new Broken(1, "cuda_host::store_async(place, values, 4 * N, barrier_place);",
      "cuda_host::store_async(place ^ 1u << 24, values, 4 * N, barrier_place ^ 1u << 24);",
          List.of("cluster-2", "cluster-4", "cluster-8", "cluster-16")),
      new Broken(1, "| low) >> bits);", "| low) >> bits % 16);", List.of("funnel-shift")),
      new Broken(1, "cuda_host::bulk_copy(shared, global, bytes, barrier);",
      "cuda_host::bulk_copy(static_cast<char*>(shared) + 16, global, bytes, barrier);", List.of("ring")),
      new Broken(2, "return ::exp2f(x);", "return ::exp2f(x) * 1.0000003f;", List.of("exp2")),
      new Broken(2, "high = widen_f16(pair >> 16);", "high = widen_f16(pair >> 16 & 0x7fffu);", List.of("widen-f16")),
      new Broken(2, "return (bits + 0x7fffu + (bits >> 16 & 1u)) >> 16;", "return (bits + 0x8000u) >> 16;",
      List.of("narrow-bf16")),
      new Broken(2, "if (magnitude > 0x7f800000u) return sign | 0x7fffu;", "", List.of("narrow-f16")),
      new Broken(2, "inline void keep_packed(uint32_t&) {}",
      "inline void keep_packed(uint32_t& word) { word &= 0xffffu; }",
          List.of("words-8-bytes", "words-16-bytes", "words-32-bytes")),
      new Broken(2, "void keep_address(T*&) {}", "void keep_address(T*& address) { address++; }",
          List.of("words-8-bytes", "words-16-bytes", "words-32-bytes")),
      new Broken(2, "cuda_host::async_wait(0);", "cuda_host::async_wait(1);",
      List.of("async-copy-8-bytes", "async-copy-16-bytes")),
      new Broken(2, "return cuda_host::cluster_rank();", "return cuda_host::cluster_rank() ^ 1;",
          List.of("cluster-2", "cluster-4", "cluster-8", "cluster-16")),
      new Broken(3, "cuda_host::mbarrier_wait(barrier, parity);", "",
      List.of("cluster-2", "cluster-4", "cluster-8", "cluster-16")),
      new Broken(4, "cuda_host::mbarrier_expect(barrier, bytes);", "cuda_host::mbarrier_expect(barrier, bytes - 4);",
          List.of("cluster-2", "cluster-4", "cluster-8", "cluster-16")),
      new Broken(4, "cuda_host::mbarrier_arrive_after_copies(barrier);", "cuda_host::mbarrier_arrive(barrier);",
          List.of("ring-by-granules")));

  @BeforeEach
  void whereThereIsACompiler() {
    Emulator.assumeUsable();
  }

  @Test
  void theEmulatorsOwnHold() {
    checks(HostRuntime.load(), "9.0").forEach((name, check) -> {
      assertThat(check.notes()).as(name).isEmpty();
      assertThat(check.mismatches()).as(name).isZero();
      assertThat(check.compared()).as(name).isPositive();
    });
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 4})
  void defectsAreNoticedByTheChecksOfTheirFunctions(int set) {
    HostRuntime correct = HostRuntime.load();
    String header = correct.texts().getOrDefault("device_host.h", "");
    List<Broken> planted = DEFECTS.stream().filter(defect -> defect.set() == set).toList();
    for (Broken defect : planted) {
      assertThat(header).contains(defect.correct());
      header = header.replace(defect.correct(), defect.broken());
    }
    Map<String, String> texts = new LinkedHashMap<>(correct.texts());
    texts.put("device_host.h", header);
    List<String> noticed = checks(new HostRuntime(texts), "9.0").entrySet().stream()
        .filter(check -> check.getValue().mismatches() > 0).map(Map.Entry::getKey).toList();
    planted.forEach(defect -> assertThat(noticed).as(defect.broken()).containsAll(defect.noticedBy()));
  }

  @Test
  void ringsAndClustersAreNotCheckedWhereThereAreNone() {
    Map<String, SelfCheck> checks = checks(HostRuntime.load(), "8.0");
    assertThat(checks.entrySet().stream().filter(check -> !check.getValue().notRun().isEmpty()).map(Map.Entry::getKey))
        .containsExactly("ring", "cluster-2", "cluster-4", "cluster-8", "cluster-16");
  }

  private static Map<String, SelfCheck> checks(HostRuntime runtime, String capability) {
    Properties properties = new Properties();
    properties.setProperty(EmulatorSettings.CAPABILITY_PROPERTY, capability);
    HostKernels kernels = new HostKernels(HostCompiler.find(System.getenv()), HostBuild.PLAIN, runtime,
        KernelSource::load,
        DiskCache.open(CacheDirectory.ofUser(), DiskCache.DEFAULT_LIMIT));
    Map<String, SelfCheck> checks = new LinkedHashMap<>();
    try (EngineBackend engine = new KernelEngine(new EmulatedDevice(kernels, EmulatorSettings.of(properties)),
        EngineOptions.defaults())) {
      for (String name : engine.selfChecks()) {
        checks.put(name, check(engine, name));
      }
    }
    return checks;
  }

  /** The emulator stops at some defects before they give a wrong value. */
  private static SelfCheck check(EngineBackend engine, String name) {
    try {
      return engine.selfCheck(name);
    } catch (DeviceException e) {
      return new SelfCheck(1, 1, List.of(String.valueOf(e.getMessage())), "");
    }
  }
}
