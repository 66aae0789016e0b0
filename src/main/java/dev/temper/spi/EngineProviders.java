package dev.temper.spi;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.ServiceLoader;
import java.util.Spliterator;

/** The engine providers on the class path. One that cannot be loaded is listed too, as a provider of nothing. */
public final class EngineProviders {

  /** An upper bound on entries that cannot be read, so that a damaged class path cannot keep the search going for ever. */
  private static final int MOST_FAILURES = 100;

  private EngineProviders() {}

  /** All of them, the highest rank first; throws nothing. */
  public static List<ListedProvider> list() {
    List<ListedProvider> found = new ArrayList<>();
    int failures = 0;
    Spliterator<ServiceLoader.Provider<EngineProvider>> services =
        ServiceLoader.load(EngineProvider.class, EngineProviders.class.getClassLoader()).stream().spliterator();
    boolean more = true;
    while (more && failures < MOST_FAILURES) {
      try {
        more = services.tryAdvance(service -> found.add(listed(service)));
      } catch (Throwable e) {  // such as a ServiceConfigurationError for a class that is not there
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
    } catch (Throwable e) {  // also an Error, which a static initialiser may end with
      return ListedProvider.broken(service.type().getName(), e);
    }
  }
}
