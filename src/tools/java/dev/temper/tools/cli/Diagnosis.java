package dev.temper.tools.cli;

import dev.temper.Availability;
import dev.temper.LossEngine;
import dev.temper.diagnostics.DeviceFacts;
import dev.temper.diagnostics.Finding;
import dev.temper.spi.EngineProviders;
import dev.temper.tools.bench.Revision;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The properties of a machine that matter to Temper.
 *
 * @param revision revision of Temper's sources
 * @param java version and maker of the JVM
 * @param maxHeapBytes memory that Java objects may take
 * @param system operating system, release and architecture
 * @param processors processors available to the JVM
 * @param processor name and features of the processor
 * @param devices every kind of device, in the order in which {@code auto} tries them
 * @param auto the device that {@code auto} takes, with the reason, or the reason why it takes none
 * @param facts facts about the device that {@code auto} takes
 * @param findings libraries and tools that devices need
 * @param cache directory of the compiled kernels
 */
record Diagnosis(
    String revision,
    String java,
    long maxHeapBytes,
    String system,
    int processors,
    Processor processor,
    Map<String, Availability> devices,
    String auto,
    Optional<DeviceFacts> facts,
    List<Finding> findings,
    CacheUse cache) {

  private record Trial(String selection, Optional<DeviceFacts> facts) {}

  static Diagnosis ofThisMachine() {
    Trial auto = trialOfAuto();
    return new Diagnosis(
        Revision.here(),
        Runtime.version() + ", " + System.getProperty("java.vendor") + ", " + System.getProperty("java.vm.name"),
        Runtime.getRuntime().maxMemory(),
        System.getProperty("os.name") + " " + System.getProperty("os.version") + " " + System.getProperty("os.arch"),
        Runtime.getRuntime().availableProcessors(),
        Processor.here(),
        LossEngine.devices(),
        auto.selection(),
        auto.facts(),
        search(),
        CacheUse.ofUser());
  }

  private static Trial trialOfAuto() {
    try (LossEngine engine = LossEngine.open("auto")) {
      return new Trial(engine.selection(), engine.diagnostics().facts());
    } catch (IllegalStateException e) {
      return new Trial("auto takes nothing: " + e.getMessage(), Optional.empty());
    }
  }

  private static List<Finding> search() {
    return EngineProviders.list().stream().flatMap(provider -> provider.findings().stream()).toList();
  }
}
