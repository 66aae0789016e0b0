package dev.temper.emulator;

import java.util.List;
import java.util.Locale;

/**
 * Builds of the emulator. A process has one of them, because kernels find the runtime among the global symbols of the
 * process.
 */
enum HostBuild {
  /** Optimised, without checks. */
  PLAIN,

  /**
   * A build with AddressSanitizer and UndefinedBehaviorSanitizer, whose libraries the process must have loaded before.
   */
  SANITIZED,

  /** A build with the access tracer of {@code native/cuda-host/tracer.h}. */
  TRACED;

  /** Without optimisation, because optimising instrumented code takes longer than running it. */
  private static final List<String> SANITIZE =
      List.of("-O0", "-g1", "-fno-omit-frame-pointer", "-fsanitize=address,undefined", "-fno-sanitize-recover=all");

  /** The value of the system property. */
  String label() {
    return name().toLowerCase(Locale.ROOT);
  }

  /** Additional compiler options of kernels. */
  List<String> kernelOptions() {
    return switch (this) {
      case PLAIN -> List.of();
      case SANITIZED -> SANITIZE;
      // The runtime implements the compiler's calls of __tsan_*, so that the thread sanitizer's library must not be
      // linked.
      case TRACED -> List.of("-fsanitize=thread", "-nodefaultlibs");
    };
  }

  /** Additional compiler options of the runtime. */
  List<String> runtimeOptions() {
    return switch (this) {
      case PLAIN -> List.of();
      case SANITIZED -> SANITIZE;
      case TRACED -> List.of("-DCUDA_HOST_TRACE");
    };
  }
}
