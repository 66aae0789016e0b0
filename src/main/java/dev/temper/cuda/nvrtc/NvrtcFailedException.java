package dev.temper.cuda.nvrtc;

import java.util.Locale;

/** A failure of an installed NVRTC. The message holds function, status, log and what to install. */
public final class NvrtcFailedException extends IllegalStateException {
  private static final long serialVersionUID = 1L;

  private static final int BUILTIN_OPERATION_FAILURE = 7;

  /**
   * A failure of the library, not of a source.
   *
   * @param function the function that failed
   * @param version version of NVRTC, such as {@code 12.9}
   * @param status the function's result
   * @param name the status as NVRTC names it
   * @param log the log of the compilation, or an empty string
   */
  NvrtcFailedException(String function, String version, int status, String name, String log) {
    super(String.format(Locale.ROOT, "%s of NVRTC %s failed with status %d (%s)%s%s", function, version, status, name,
        log.isBlank() ? "" : ": " + log.strip().replaceAll("\\s+", " "),
        status == BUILTIN_OPERATION_FAILURE ? missingBuiltins(version) : ""));
  }

  /** Returns the remedy for missing builtins. NVRTC loads this second library only at the first compilation. */
  private static String missingBuiltins(String version) {
    return "; install libnvrtc-builtins.so." + version + ", which belongs beside libnvrtc.so (package cuda-nvrtc-"
        + version.replace('.', '-')
        + " of a CUDA toolkit, or the Python wheel nvidia-cuda-nvrtc), or put " + NvrtcJar.ARTIFACT
        + " on the class path";
  }
}
