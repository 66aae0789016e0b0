package dev.temper.emulator;

import java.util.List;
import java.util.Locale;

/** How the emulator's code is built. A process runs one of them: kernels find the runtime among the symbols of the process. */
enum HostBuild {
  /** To compute. */
  PLAIN,

  /** With AddressSanitizer and UndefinedBehaviorSanitizer, whose libraries the process must have loaded first. */
  SANITIZED,

  /** With the access tracer of {@code native/cuda-host/tracer.h}. */
  TRACED;

  private static final List<String> SANITIZE =
      List.of("-g", "-fno-omit-frame-pointer", "-fsanitize=address,undefined", "-fno-sanitize-recover=all");

  /** As the property has it. */
  String label() {
    return name().toLowerCase(Locale.ROOT);
  }

  /** What kernels are compiled with, beside the usual. */
  List<String> ofKernels() {
    return switch (this) {
      case PLAIN -> List.of();
      case SANITIZED -> SANITIZE;
      // The compiler's calls of __tsan_* come to the runtime: the thread sanitizer's own library must stay out.
      case TRACED -> List.of("-fsanitize=thread", "-nodefaultlibs");
    };
  }

  /** Ditto, the runtime. */
  List<String> ofRuntime() {
    return switch (this) {
      case PLAIN -> List.of();
      case SANITIZED -> SANITIZE;
      case TRACED -> List.of("-DCUDA_HOST_TRACE");
    };
  }
}
