package dev.temper.kernel.tune;

import dev.temper.diagnostics.Finding;
import dev.temper.diagnostics.KeptPlan;
import dev.temper.diagnostics.PlanTimes;
import dev.temper.kernel.device.KernelDevice;
import dev.temper.kernel.plan.RowPlan;
import dev.temper.kernel.plan.RowPlans;
import dev.temper.kernel.spec.LossSpecialisation;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * The plans of a file that an engine uses. They are read once when the engine is opened, so that a call gives the same
 * bits as long as the engine is open.
 */
public final class TunedPlans {

  private static final String SUBJECT = "tuned plans";

  /** Messages that this process has logged. */
  private static final Set<String> NOTES = ConcurrentHashMap.newKeySet();

  private final KernelDevice device;
  private final PlanFile file;
  private final Map<PlanKey, RowPlan> used = new HashMap<>();
  private final List<Finding> findings = new ArrayList<>();

  private TunedPlans(KernelDevice device, PlanFile file) {
    this.device = device;
    this.file = file;
  }

  /**
   * Reads the plans of a device. The call never fails. The {@link #findings} hold the plans that are not used, with the
   * reasons.
   *
   * @param reads whether plans are used; otherwise all rows have their default plans
   */
  public static TunedPlans open(KernelDevice device, PlanFile file, boolean reads) {
    TunedPlans plans = new TunedPlans(device, file);
    if (reads) {
      try {
        plans.read();
      } catch (RuntimeException e) { // such as a call of the driver that fails
        plans.used.clear();
        plans.object("is not used: " + e.getMessage(), "");
      }
    }
    return plans;
  }

  private void read() {
    PlanFile.Content content = file.read();
    if (!content.objection().isEmpty()) {
      object(content.objection(), content.remedy());
    }
    if (content.table().plans().isEmpty()) {
      return;
    }
    DeviceIdentity own = DeviceIdentity.of(device.facts());
    List<TunedPlan> plans = content.table().plans().stream().filter(plan -> plan.device().isSameDevice(own)).toList();
    plans.forEach(plan -> use(plan, own));
    if (!plans.isEmpty()) {
      findings.addFirst(new Finding(SUBJECT, used.size() + " of " + plans.size() + " for " + own.name()
          + " are used, from " + file.path()));
    }
  }

  private void use(TunedPlan plan, DeviceIdentity own) {
    String staleness = own.staleness(plan.device());
    Optional<RowPlan> found = staleness.isEmpty() ? find(plan) : Optional.empty();
    found.ifPresent(row -> used.put(plan.key(), row));
    String objection = found.isPresent() ? ""
        : "; not used: it " + (staleness.isEmpty() ? "does not fit this device and these settings" : staleness)
        + "; run temper tune again";
    findings.add(new Finding("tuned plan", plan.key() + ": " + plan.describe() + objection));
  }

  private Optional<RowPlan> find(TunedPlan plan) {
    PlanKey key = plan.key();
    return RowPlans.candidates(key.classes(), key.student().bytes(), key.teacherBytes(), true, device.limits()).stream()
        .filter(row -> row.label().equals(plan.times().plan())).findFirst();
  }

  private void object(String objection, String remedy) {
    String sentence = file.path() + " " + objection + "; rows have their default plans"
        + (remedy.isEmpty() ? "" : "; " + remedy);
    findings.add(new Finding(SUBJECT, sentence));
    if (NOTES.add(sentence)) {
      System.getLogger("dev.temper").log(System.Logger.Level.WARNING, sentence);
    }
  }

  /** Returns the tuned plan of a specialisation, or null if it has none. */
  public @Nullable RowPlan plan(LossSpecialisation loss, int classes) {
    PlanKey key = used.isEmpty() ? null : PlanKey.of(loss, classes);
    return key == null ? null : used.get(key);
  }

  /**
   * Returns a finding for the file, if it has plans of this device or is damaged, and a finding for each of these
   * plans.
   */
  public List<Finding> findings() {
    return List.copyOf(findings);
  }

  /**
   * Keeps a plan in the file, for engines that are opened later.
   *
   * @param loss the measured specialisation, with any plan
   * @throws IllegalArgumentException if the specialisation has features
   * @throws UncheckedIOException if the file cannot be written
   */
  public KeptPlan keep(LossSpecialisation loss, int classes, long rows, PlanTimes times) {
    PlanKey key = PlanKey.of(loss, classes);
    if (key == null) {
      throw new IllegalArgumentException("a loss with " + loss.features()
          + " has no tuned plan, expected one without these options");
    }
    DeviceIdentity own = DeviceIdentity.of(device.facts());
    try {
      String before = file.keep(new TunedPlan(own, key, rows, times))
          .filter(older -> own.staleness(older.device()).isEmpty()).map(older -> older.times().plan()).orElse("");
      return new KeptPlan(file.path().toString(), before);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
