package dev.temper;

import dev.temper.spi.EngineBackend;
import dev.temper.spi.EngineProvider;
import java.util.ServiceLoader;

/** Creates engines over backends that no provider opens. */
public final class OpenedEngine {

  private OpenedEngine() {}

  public static LossEngine over(String device, EngineBackend backend) {
    return over(device, backend, EngineOptions.defaults());
  }

  public static LossEngine over(String device, EngineBackend backend, EngineOptions options) {
    return new LossEngine(device, device + " was made by a test", backend, options);
  }

  public static EngineBackend backend(String device) {
    return ServiceLoader.load(EngineProvider.class).stream()
        .map(ServiceLoader.Provider::get)
        .filter(provider -> provider.device().equals(device))
        .findFirst().orElseThrow()
        .open(0, EngineOptions.defaults());
  }
}
