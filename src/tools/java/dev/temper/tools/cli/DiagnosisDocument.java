package dev.temper.tools.cli;

import dev.temper.diagnostics.DeviceFacts;
import dev.temper.diagnostics.Finding;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The JSON document of {@code temper doctor}.
 *
 * @param version version of Temper
 * @param commit revision of Temper's sources
 * @param java version and maker of the JVM
 * @param maxHeapBytes largest size of the Java heap
 * @param system operating system, release and architecture
 * @param processors number of processors available to the JVM
 * @param processor name of the processor
 * @param features features of the processor that decide how fast a loss is
 * @param devices every kind of device, in the order in which {@code auto} tries them
 * @param auto the device that {@code auto} takes, with the reason, or the reason why it takes none
 * @param clusters cluster sizes that the device can place; null if the device has no clusters
 * @param findings libraries and tools that devices need
 * @param cacheDirectory folder of compiled kernels
 * @param cacheFiles number of files in that folder
 * @param cacheBytes size of these files
 */
record DiagnosisDocument(
    String version,
    String commit,
    String java,
    long maxHeapBytes,
    String system,
    int processors,
    String processor,
    List<String> features,
    List<DiagnosedDevice> devices,
    String auto,
    @Nullable String clusters,
    List<Finding> findings,
    String cacheDirectory,
    long cacheFiles,
    long cacheBytes) {

  /** A kind of device, whether it can be used, and a description of the device or of what is missing. */
  record DiagnosedDevice(String device, boolean usable, String description) {}

  static DiagnosisDocument of(Diagnosis found) {
    List<DiagnosedDevice> devices = found.devices().entrySet().stream()
        .map(e -> new DiagnosedDevice(e.getKey(), e.getValue().usable(), e.getValue().description())).toList();
    return new DiagnosisDocument(Version.current(), found.revision(), found.java(), found.maxHeapBytes(),
        found.system(),
        found.processors(), found.processor().name(), found.processor().features(), devices, found.auto(),
        found.facts().map(DeviceFacts::clusters).orElse(null), found.findings(), found.cache().directory().toString(),
        found.cache().files(), found.cache().bytes());
  }
}
