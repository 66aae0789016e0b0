package dev.temper.spi;

import dev.temper.Availability;
import dev.temper.EngineOptions;
import dev.temper.EngineUnavailableException;
import dev.temper.diagnostics.Finding;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Isolates the failures of a provider. Any exception or Error of the provider becomes the reason why its device is not
 * available, so a failing provider never hides the others.
 */
public final class ListedProvider {

  private final String device;
  private final int rank;
  private final @Nullable EngineProvider provider;
  private final String failure;

  private ListedProvider(String device, int rank, @Nullable EngineProvider provider, String failure) {
    this.device = device;
    this.rank = rank;
    this.provider = provider;
    this.failure = failure;
  }

  static ListedProvider of(EngineProvider provider) {
    return new ListedProvider(provider.device(), provider.rank(), provider, "");
  }

  /** Lists a provider that could not be loaded. The name stands in the place of its device. */
  static ListedProvider broken(String name, Throwable reason) {
    return new ListedProvider(name, Integer.MIN_VALUE, null, because(name, reason));
  }

  /** Returns {@link EngineProvider#device()}, or the class name of a provider that could not be loaded. */
  public String device() {
    return device;
  }

  /** Returns {@link EngineProvider#rank()}, or the lowest number for a provider that could not be loaded. */
  public int rank() {
    return rank;
  }

  /** Returns whether the provider could be loaded. */
  public boolean isLoaded() {
    return provider != null;
  }

  /** Returns {@link EngineProvider#availability()} and never throws. */
  public Availability availability() {
    try {
      return provider == null ? Availability.missing(failure) : provider.availability();
    } catch (Throwable e) {
      return Availability.missing(because(device, e));
    }
  }

  /** Returns {@link EngineProvider#findings()} and never throws. */
  public List<Finding> findings() {
    try {
      return provider == null ? List.of(new Finding(device, failure)) : provider.findings();
    } catch (Throwable e) {
      return List.of(new Finding(device, because(device, e)));
    }
  }

  /**
   * Calls {@link EngineProvider#open}.
   *
   * @throws IllegalArgumentException if no device has that number
   * @throws EngineUnavailableException if the provider fails in any other way
   */
  public EngineBackend open(int index, EngineOptions options) {
    try {
      if (provider != null) {
        return provider.open(index, options);
      }
    } catch (IllegalArgumentException | EngineUnavailableException e) {
      throw e;
    } catch (Throwable e) {
      throw new EngineUnavailableException(because(device, e), e);
    }
    throw new EngineUnavailableException(failure);
  }

  private static String because(String name, Throwable thrown) {
    Throwable root = thrown;
    while (root.getCause() != null) {
      root = root.getCause();
    }
    return name + " cannot be used, because its provider failed with " + root;
  }
}
