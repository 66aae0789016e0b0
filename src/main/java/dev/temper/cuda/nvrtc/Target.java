package dev.temper.cuda.nvrtc;

import dev.temper.kernel.plan.Architecture;
import java.util.List;

/**
 * Architecture and form of compiled code: machine code (a cubin), or PTX, which the driver translates.
 *
 * @param architecture compute capability of the code, at most the device's
 * @param form kind of code
 */
public record Target(Architecture architecture, Form form) {

  /** Kinds of code. */
  public enum Form {
    /** Machine code. */
    CUBIN,
    /** Text in NVIDIA's virtual instruction set. */
    PTX
  }

  /** Machine code for that architecture. */
  public static Target cubin(Architecture architecture) {
    return new Target(architecture, Form.CUBIN);
  }

  /**
   * The target for a device.
   *
   * @param device the device's compute capability
   * @param nvrtc the compiler
   * @param driverVersion newest CUDA version that the driver supports, from {@code cuDriverGetVersion} (12040 is 12.4)
   * @throws IllegalStateException if NVRTC has no code for the device; the message says what to upgrade
   */
  public static Target choose(Architecture device, NvrtcIdentity nvrtc, int driverVersion) {
    List<Architecture> known = nvrtc.architectures();
    Architecture newest = null;
    for (Architecture candidate : known) {
      if (candidate.compareTo(device) <= 0) {
        newest = candidate;
      }
    }
    if (newest == null) {
      throw new IllegalStateException("this device has compute capability " + device + ", and NVRTC " + nvrtc.version()
          + " compiles for " + known.getFirst() + " and later: use an older NVRTC or a newer device");
    }
    // Machine code also runs on devices of later minor versions with the same major version.
    if (newest.major() == device.major()) {
      return cubin(newest);
    }
    int compiler = 1000 * nvrtc.major() + 10 * nvrtc.minor();
    if (driverVersion < compiler) {
      throw new IllegalStateException("this device (compute capability " + device + ") is newer than NVRTC "
          + nvrtc.version()
          + ", and its driver (CUDA " + driverVersion / 1000 + "." + driverVersion % 1000 / 10
          + ") cannot translate that compiler's PTX: upgrade NVRTC");
    }
    return new Target(newest, Form.PTX);
  }
}
