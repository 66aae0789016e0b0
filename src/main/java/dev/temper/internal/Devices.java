package dev.temper.internal;

import dev.temper.Availability;
import dev.temper.EngineOptions;
import dev.temper.EngineUnavailableException;
import dev.temper.spi.EngineProviders;
import dev.temper.spi.ListedProvider;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/** Finds the engine for a device name. */
public final class Devices {

  /** The names of all device kinds. A name is known even if no engine for it is on the class path. */
  private static final List<String> KINDS = List.of("cuda", "cpu", "emulator", "reference");

  /** Other names of the CUDA devices. They are refused, and the message names the right one. */
  private static final Set<String> NAMES_OF_CUDA = Set.of("gpu", "nvidia");

  private Devices() {}

  public static OpenedDevice open(String device, EngineOptions options) {
    List<ListedProvider> providers = EngineProviders.list();
    if (device.equals("auto")) {
      return openBest(providers, options);
    }
    int colon = device.indexOf(':');
    String kind = colon < 0 ? device : device.substring(0, colon);
    for (ListedProvider provider : providers) {
      if (provider.device().equals(kind)) {
        int index = colon < 0 ? 0 : parseIndex(device, device.substring(colon + 1));
        return new OpenedDevice(device, device + " was chosen by name", provider.open(index, options));
      }
    }
    if (KINDS.contains(kind)) {
      throw new EngineUnavailableException(missing(kind, providers).description());
    }
    throw unknown(device, kind, providers);
  }

  public static Map<String, Availability> availability() {
    List<ListedProvider> providers = EngineProviders.list();
    Map<String, Availability> found = new LinkedHashMap<>();
    providers.forEach(provider -> found.putIfAbsent(provider.device(), provider.availability()));
    KINDS.forEach(kind -> found.computeIfAbsent(kind, _ -> missing(kind, providers)));
    return found;
  }

  private static OpenedDevice openBest(List<ListedProvider> providers, EngineOptions options) {
    StringBuilder passedOver = new StringBuilder();
    if (providers.stream().noneMatch(provider -> provider.device().equals("cuda"))) {
      passedOver.append("; ").append(missing("cuda", providers).description());
    }
    for (ListedProvider provider : providers) {
      if (provider.rank() < 0) {
        continue;
      }
      Availability availability = provider.availability();
      if (availability.usable()) {
        try {
          String selection = "auto took " + provider.device() + ": " + availability.description() + passedOver;
          return new OpenedDevice(provider.device(), selection, provider.open(0, options));
        } catch (EngineUnavailableException e) { // For example, another process may use the GPU exclusively.
          passedOver.append("; ").append(e.getMessage());
        }
      } else {
        passedOver.append("; ").append(availability.description());
      }
    }
    throw new EngineUnavailableException("no engine is usable" + passedOver);
  }

  private static Availability missing(String kind, List<ListedProvider> providers) {
    StringBuilder reason = new StringBuilder("no " + (kind.equals("cuda") ? "CUDA" : kind)
        + ": no engine for it is on the class path");
    providers.stream().filter(provider -> !provider.isLoaded())
        .forEach(broken -> reason.append("; ").append(broken.availability().description()));
    return Availability.missing(reason.toString());
  }

  private static IllegalArgumentException unknown(String device, String kind, List<ListedProvider> providers) {
    Set<String> known = new LinkedHashSet<>(List.of("auto"));
    providers.stream().filter(ListedProvider::isLoaded).forEach(provider -> known.add(provider.device()));
    known.addAll(KINDS);
    String suggestion = NAMES_OF_CUDA.contains(kind.toLowerCase(Locale.ROOT)) ? " (did you mean 'cuda'?)"
        : Names.suggestion(kind, known);
    return new IllegalArgumentException("unknown device '" + device + "'" + suggestion + "; known: "
        + String.join(", ", known) + "; a number may follow, as in cuda:1");
  }

  private static int parseIndex(String device, String text) {
    try {
      int index = Integer.parseInt(text);
      if (index >= 0) {
        return index;
      }
    } catch (NumberFormatException e) {
      // The exception below reports the fault.
    }
    throw new IllegalArgumentException("device '" + device + "': expected a number of 0 or more after the colon, as in "
        + "cuda:1");
  }
}
