package dev.temper.kernel.tune;

import dev.temper.diagnostics.DeviceFacts;
import dev.temper.kernel.code.CacheKey;
import dev.temper.kernel.code.KernelSource;
import java.util.List;

/**
 * The device and the code of a measurement. The fastest plan of another device or other code may be slow here.
 *
 * @param name name of the device, such as {@code NVIDIA H200}
 * @param capability compute capability, such as {@code 9.0}
 * @param compiler compiler of the kernels, such as {@code NVRTC 12.9}
 * @param sources checksum of the kernel's sources
 */
record DeviceIdentity(String name, String capability, String compiler, String sources) {

  private static final String SOURCE = "loss.cu";

  static DeviceIdentity of(DeviceFacts facts) {
    CacheKey sources = CacheKey.schema("plans").add(KernelSource.load(SOURCE)).build();
    return new DeviceIdentity(field(facts.name()), field(facts.capability()), field(facts.compiler()), sources.name());
  }

  /** Returns whether both are the same kind of device, with code of any version. */
  boolean isSameDevice(DeviceIdentity other) {
    return name.equals(other.name) && capability.equals(other.capability);
  }

  /**
   * Returns the reason against a plan of another identity on the same device, as the end of a sentence. Empty if the
   * plan is used.
   */
  String staleness(DeviceIdentity measured) {
    return !compiler.equals(measured.compiler) ? "was measured with " + measured.compiler + ", this is " + compiler
        : !sources.equals(measured.sources) ? "was measured with other kernel sources"
        : "";
  }

  List<String> fields() {
    return List.of(name, capability, compiler, sources);
  }

  /** Returns a name without the separators of the file. */
  private static String field(String name) {
    return name.replaceAll("\\s+", " ").strip();
  }
}
