package dev.temper.spi;

import dev.temper.Availability;
import dev.temper.EngineOptions;
import dev.temper.EngineUnavailableException;
import dev.temper.diagnostics.Finding;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A provider whose failures stay its own: whatever it throws, Errors included, becomes the reason why its device is not available.
 * One provider that fails thus never hides the others.
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

  /** A provider that could not be loaded, under a name that stands for its device. */
  static ListedProvider broken(String name, Throwable reason) {
    return new ListedProvider(name, Integer.MIN_VALUE, null, because(name, reason));
  }

  /** {@link EngineProvider#device()}, or the provider's class where it could not be loaded. */
  public String device() {
    return device;
  }

  /** {@link EngineProvider#rank()}; the lowest number where the provider could not be loaded. */
  public int rank() {
    return rank;
  }

  /** Whether the provider could be loaded. */
  public boolean isLoaded() {
    return provider != null;
  }

  /** {@link EngineProvider#availability()}; throws nothing. */
  public Availability availability() {
    try {
      return provider == null ? Availability.missing(failure) : provider.availability();
    } catch (Throwable e) {
      return Availability.missing(because(device, e));
    }
  }

  /** {@link EngineProvider#findings()}; throws nothing. */
  public List<Finding> findings() {
    try {
      return provider == null ? List.of(new Finding(device, failure)) : provider.findings();
    } catch (Throwable e) {
      return List.of(new Finding(device, because(device, e)));
    }
  }

  /**
   * {@link EngineProvider#open}.
   *
   * @throws IllegalArgumentException if there is no device of that number
   * @throws EngineUnavailableException if the engine cannot be opened, whatever the provider has thrown
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
