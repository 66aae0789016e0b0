package dev.temper;

import dev.temper.spi.EngineBackend;
import dev.temper.spi.EngineProvider;
import java.util.ServiceLoader;

/** Engines over backends that no provider opens. */
public final class OpenedEngine {

  private OpenedEngine() {}

  /** An engine over the given backend. */
  public static LossEngine over(String device, EngineBackend backend) {
    return new LossEngine(device, device + " was made by a test", backend);
  }

  /** The backend of a device. */
  public static EngineBackend backend(String device) {
    return ServiceLoader.load(EngineProvider.class).stream()
        .map(ServiceLoader.Provider::get)
        .filter(provider -> provider.device().equals(device))
        .findFirst().orElseThrow()
        .open(0, EngineOptions.defaults());
  }
}
