package dev.temper.spi;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.ServiceLoader;
import java.util.Spliterator;

/** Lists the engine providers on the class path. A provider that cannot be loaded is listed without a device. */
public final class EngineProviders {

  /**
   * The greatest number of unreadable entries. A damaged class path would keep the search running for ever without this
   * bound.
   */
  private static final int MOST_FAILURES = 100;

  private EngineProviders() {}

  /** Returns all providers in descending order of rank. The method never throws. */
  public static List<ListedProvider> list() {
    List<ListedProvider> found = new ArrayList<>();
    int failures = 0;
    Spliterator<ServiceLoader.Provider<EngineProvider>> services =
        ServiceLoader.load(EngineProvider.class, EngineProviders.class.getClassLoader()).stream().spliterator();
    boolean more = true;
    while (more && failures < MOST_FAILURES) {
      try {
        more = services.tryAdvance(service -> found.add(listed(service)));
      // A missing class, for example, causes a ServiceConfigurationError.
      } catch (Throwable e) {
        failures++;
        found.add(ListedProvider.broken("provider " + failures, e));
      }
    }
    found.sort(Comparator.comparingInt(ListedProvider::rank).reversed());
    return List.copyOf(found);
  }

  private static ListedProvider listed(ServiceLoader.Provider<EngineProvider> service) {
    try {
      return ListedProvider.of(service.get());
    // A failing static initialiser throws an Error.
    } catch (Throwable e) {
      return ListedProvider.broken(service.type().getName(), e);
    }
  }
}
