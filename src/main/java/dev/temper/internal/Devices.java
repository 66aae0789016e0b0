package dev.temper.internal;

import dev.temper.Availability;
import dev.temper.EngineOptions;
import dev.temper.EngineUnavailableException;
import dev.temper.spi.EngineProvider;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.ServiceLoader;

/** Finds the engine for a device name. */
public final class Devices {

  /** Kinds that have a name even where no engine for them is on the class path. */
  private static final List<String> KINDS = List.of("cuda", "cpu", "emulator", "reference");

  private Devices() {}

  public static OpenedDevice open(String device, EngineOptions options) {
    if (device.equals("auto")) {
      return openBest(options);
    }
    int colon = device.indexOf(':');
    String kind = colon < 0 ? device : device.substring(0, colon);
    if (!KINDS.contains(kind)) {
      List<String> known = new ArrayList<>(KINDS);
      known.add(0, "auto");
      throw new IllegalArgumentException("unknown device '" + device + "'" + Names.suggestion(device, known)
          + "; known: auto, cpu, cuda, cuda:N, emulator, reference");
    }
    int index = colon < 0 ? 0 : parseIndex(device, device.substring(colon + 1));
    for (EngineProvider provider : providers()) {
      if (provider.device().equals(kind)) {
        return new OpenedDevice(device, device + " was asked for", provider.open(index, options));
      }
    }
    throw new EngineUnavailableException(missing(kind).description());
  }

  public static Map<String, Availability> availability() {
    Map<String, Availability> found = new LinkedHashMap<>();
    KINDS.forEach(kind -> found.put(kind, missing(kind)));
    providers().forEach(provider -> found.put(provider.device(), provider.availability()));
    return found;
  }

  private static OpenedDevice openBest(EngineOptions options) {
    StringBuilder passedOver = new StringBuilder();
    if (providers().stream().noneMatch(provider -> provider.device().equals("cuda"))) {
      passedOver.append("; ").append(missing("cuda").description());
    }
    for (EngineProvider provider : providers()) {
      if (provider.rank() < 0) {
        continue;
      }
      Availability availability = provider.availability();
      if (availability.usable()) {
        try {
          String selection = "auto took " + provider.device() + ": " + availability.description() + passedOver;
          return new OpenedDevice(provider.device(), selection, provider.open(0, options));
        } catch (EngineUnavailableException e) {  // such as a GPU that another process has for itself
          passedOver.append("; ").append(e.getMessage());
        }
      } else {
        passedOver.append("; ").append(availability.description());
      }
    }
    throw new EngineUnavailableException("no engine is usable" + passedOver);
  }

  private static Availability missing(String kind) {
    String title = kind.equals("cuda") ? "CUDA" : kind;
    return Availability.missing("no " + title + ": no engine for it is on the class path");
  }

  private static List<EngineProvider> providers() {
    return ServiceLoader.load(EngineProvider.class, Devices.class.getClassLoader()).stream()
        .map(ServiceLoader.Provider::get)
        .sorted(Comparator.comparingInt(EngineProvider::rank).reversed())
        .toList();
  }

  private static int parseIndex(String device, String text) {
    try {
      int index = Integer.parseInt(text);
      if (index >= 0) {
        return index;
      }
    } catch (NumberFormatException e) {
      // falls through to the message below
    }
    throw new IllegalArgumentException("device '" + device + "': expected a number of 0 or more after the colon, as in cuda:1");
  }
}
