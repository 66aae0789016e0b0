package dev.temper.reference;

import dev.temper.Availability;
import dev.temper.EngineOptions;
import dev.temper.spi.EngineBackend;
import dev.temper.spi.EngineProvider;

/** Opens the device {@code reference}. The device {@code auto} is the reference only if no faster engine is usable. */
public final class ReferenceEngineProvider implements EngineProvider {

  /** This constructor exists for {@link java.util.ServiceLoader}. */
  public ReferenceEngineProvider() {}

  @Override
  public String device() {
    return "reference";
  }

  @Override
  public int rank() {
    return 0;
  }

  @Override
  public Availability availability() {
    return Availability.usable("f64 reference in Java, slow, runs everywhere");
  }

  @Override
  public EngineBackend open(int index, EngineOptions options) {
    if (index != 0) {
      throw new IllegalArgumentException("device reference:" + index
          + " does not exist, expected reference or reference:0");
    }
    return new ReferenceEngine();
  }
}
