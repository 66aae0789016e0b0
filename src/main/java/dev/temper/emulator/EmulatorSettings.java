package dev.temper.emulator;

import dev.temper.kernel.plan.DeviceLimits;
import java.util.Arrays;
import java.util.List;
import java.util.Properties;
import java.util.stream.Collectors;

/**
 * Settings of the emulator.
 *
 * @param capability compute capability whose limits the emulator has, such as {@code 9.0}
 * @param order the order in which threads run, one of {@link #ORDERS}
 * @param seed seed of the shuffled order
 * @param build how the code is built
 */
public record EmulatorSettings(String capability, String order, long seed, HostBuild build) {

  /**
   * The orders, numbered as in native/cuda-host. A run-ahead order resumes the first warp that can run, until the warp
   * waits.
   */
  static final List<String> ORDERS = List.of(
      "round-robin", "round-robin-reverse", "run-ahead", "run-ahead-reverse", "run-ahead-shuffled");

  public static final String CAPABILITY_PROPERTY = "temper.emulator.capability";
  static final String ORDER_PROPERTY = "temper.emulator.order";
  static final String SEED_PROPERTY = "temper.emulator.seed";
  public static final String BUILD_PROPERTY = "temper.emulator.build";

  public EmulatorSettings {
    if (!capability.matches("\\d{1,2}\\.\\d")) {
      throw new IllegalArgumentException(CAPABILITY_PROPERTY + " is '" + capability
          + "', expected a compute capability such as 9.0");
    }
    if (!ORDERS.contains(order)) {
      throw new IllegalArgumentException(ORDER_PROPERTY + " is '" + order + "', expected one of "
          + String.join(", ", ORDERS));
    }
  }

  static EmulatorSettings of(Properties properties) {
    String seed = properties.getProperty(SEED_PROPERTY, "1");
    try {
      return new EmulatorSettings(properties.getProperty(CAPABILITY_PROPERTY, "9.0"),
          properties.getProperty(ORDER_PROPERTY, "run-ahead"),
          Long.parseLong(seed), build(properties.getProperty(BUILD_PROPERTY, HostBuild.PLAIN.label())));
    } catch (NumberFormatException e) {
      throw new IllegalArgumentException(SEED_PROPERTY + " is '" + seed + "', expected a whole number", e);
    }
  }

  private static HostBuild build(String name) {
    return Arrays.stream(HostBuild.values()).filter(build -> build.label().equals(name)).findFirst()
        .orElseThrow(() -> new IllegalArgumentException(BUILD_PROPERTY + " is '" + name + "', expected one of "
            + Arrays.stream(HostBuild.values()).map(HostBuild::label).collect(Collectors.joining(", "))));
  }

  DeviceLimits limits() {
    int point = capability.indexOf('.');
    return DeviceLimits.ofCapability(Integer.parseInt(capability, 0, point, 10),
        Integer.parseInt(capability, point + 1, capability.length(), 10));
  }
}
