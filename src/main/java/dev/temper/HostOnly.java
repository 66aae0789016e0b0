package dev.temper;

import dev.temper.spi.LossCall;
import org.jspecify.annotations.Nullable;

/** Refuses views of device memory on engines that compute in host memory. */
final class HostOnly {

  private HostOnly() {}

  static void require(String device, LossCall call) {
    require(device, "student", call.inputs().student());
    require(device, "teacher", call.inputs().teacher());
    require(device, "labels", call.inputs().labels());
    require(device, "row_weights", call.inputs().rowWeights());
    require(device, "row_temperatures", call.inputs().rowTemperatures());
    require(device, "gradient", call.outputs().gradient());
    require(device, "row_soft", call.outputs().rowSoft());
    require(device, "row_hard", call.outputs().rowHard());
    require(device, "statistics", call.outputs().statistics());
    require(device, "statistics", call.savedStatistics());
  }

  static void require(String device, String name, @Nullable LogitMatrix matrix) {
    if (matrix instanceof DeviceMatrix) {
      throw refusal(device, name);
    }
  }

  static void require(String device, String name, @Nullable RowVector vector) {
    if (vector instanceof RowVector.Device) {
      throw refusal(device, name);
    }
  }

  private static IllegalArgumentException refusal(String device, String name) {
    return new IllegalArgumentException(
        name + " lies in device memory, which engine " + device + " cannot read; copy it to the host or open engine cuda");
  }
}
