package dev.temper.cuda.nvrtc;

import dev.temper.cuda.toolkit.LibraryPlaces.Attempt;
import java.util.List;

/** NVRTC was not found. The message holds what to install, and every place tried with the loader's reason. */
public final class NvrtcMissingException extends IllegalStateException {
  private static final long serialVersionUID = 1L;

  private static final String REASON = "no NVRTC (NVIDIA's run-time compiler, needed to build the CUDA kernels); "
      + "install a CUDA"
      + " toolkit of version 12 or 13, or set CUDA_HOME or -D" + NvrtcPlaces.LIBRARY_PROPERTY
      + "=/path/to/libnvrtc.so.12, or put " + NvrtcJar.ARTIFACT + " on the class path";

  NvrtcMissingException(List<Attempt> attempts) {
    super(REASON + "; " + Attempt.list(attempts));
  }

  /** Returns what is missing and what to install, without the places that were tried. */
  public String reason() {
    return REASON;
  }
}
