package dev.temper.tools.cli;

import dev.temper.diagnostics.Finding;
import java.io.PrintWriter;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** {@code temper doctor}: checks whether Temper works on this machine, and if not, why. */
@Command(
    name = "doctor",
    description = {
      "Says whether Temper works on this machine, and if not, why.",
      "It lists what the machine has, what each device needs, and which device --device auto takes."
    })
final class DoctorCommand implements Callable<Integer> {

  @Mixin private OutputOptions results;

  @Override
  public Integer call() {
    Diagnosis diagnosis = Diagnosis.ofThisMachine();
    if (results.json) {
      results.print(DiagnosisDocument.of(diagnosis));
    } else {
      print(results.out(), diagnosis);
    }
    return 0;
  }

  static void print(PrintWriter out, Diagnosis found) {
    line(out, "temper", Version.current() + ", commit " + found.revision());
    line(out, "java", String.format(Locale.ROOT, "%s, heap up to %.1f GiB", found.java(),
        found.maxHeapBytes() / 0x1p30));
    line(out, "system", found.system() + ", " + found.processors() + " processors");
    String name = found.processor().name();
    line(out, "processor", (name.isEmpty() ? "unknown" : name) + ": "
        + (found.processor().features().isEmpty() ? "features unknown"
            : String.join(" ", found.processor().features())));
    found.devices().forEach((device, availability) ->
        line(out, device, (availability.usable() ? "yes: " : "no: ") + availability.description()));
    line(out, "auto", found.auto());
    found.facts().ifPresent(facts -> line(out, "clusters", facts.clusters()));
    for (Finding finding : found.findings()) {
      line(out, finding.subject(), finding.result());
    }
    out.flush();
  }

  private static void line(PrintWriter out, String subject, String result) {
    out.printf(Locale.ROOT, "%-20s  %s%n", subject, result);
  }
}
