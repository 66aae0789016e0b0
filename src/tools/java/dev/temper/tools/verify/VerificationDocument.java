package dev.temper.tools.verify;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonProperty;
import dev.temper.diagnostics.DeviceFacts;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The JSON document of {@code temper verify}.
 *
 * @param device name by which the engine was opened
 * @param description the engine's description of itself
 * @param commit revision of the sources
 * @param facts facts of the device; null for an engine in host memory
 * @param seed seed of the grid's numbers
 * @param milliseconds wall time
 * @param holds whether no case failed and at least one passed
 * @param passed number of cases within their bounds
 * @param failed number of cases outside their bounds
 * @param refused number of cases that the engine does not support
 * @param groups one element for each group, in the order of the grid
 * @param accuracy errors of each divergence with each dtype; empty unless the group {@code accuracy} ran
 * @param formulas the error bounds by their symbol
 * @param failures the failed cases
 * @param refusals the refused cases
 */
public record VerificationDocument(
    String device,
    String description,
    String commit,
    @JsonInclude(JsonInclude.Include.NON_NULL) @Nullable DeviceFacts facts,
    long seed,
    long milliseconds,
    boolean holds,
    long passed,
    long failed,
    long refused,
    List<GroupSummary> groups,
    List<AccuracySummary> accuracy,
    Map<String, String> formulas,
    List<CaseSummary> failures,
    List<CaseSummary> refusals) {

  /**
   * The cases of one group, counted.
   *
   * @param group name of the group
   * @param covers the statement that the cases check
   * @param bound symbols of the formulas of the error bound
   * @param passed number of cases within their bounds
   * @param failed number of cases outside their bounds
   * @param refused number of cases that the engine does not support
   * @param compared number of elements compared
   * @param worstError error of the element nearest its bound; null if no finite element was compared
   * @param itsBound bound of that element
   * @param share error over bound
   */
  @JsonInclude(JsonInclude.Include.NON_NULL)
  public record GroupSummary(
      String group,
      String covers,
      String bound,
      long passed,
      long failed,
      long refused,
      long compared,
      @Nullable Double worstError,
      @Nullable Double itsBound,
      @Nullable Double share) {

    private static GroupSummary of(GroupResult result) {
      Comparison.Worst worst = result.worst();
      return new GroupSummary(result.group().id(), result.group().covers(), result.group().bound(),
          result.count(CaseOutcome.PASSED), result.count(CaseOutcome.FAILED), result.count(CaseOutcome.REFUSED),
          result.cases().stream().mapToLong(CaseResult::compared).sum(),
          worst == null ? null : worst.error(), worst == null ? null : worst.bound(), worst == null ? null
          : worst.share());
    }
  }

  /**
   * A case that did not pass.
   *
   * @param name unique name
   * @param mismatches number of elements outside their bounds
   * @param notes the first mismatches, or the reason of the refusal
   * @param command the command that runs the case alone
   */
  public record CaseSummary(@JsonProperty("case") String name, long mismatches, List<String> notes, String command) {

    private static CaseSummary of(CaseResult result) {
      return new CaseSummary(result.name(), result.mismatches(), result.notes(), result.command());
    }
  }

  /** The document of a verification of the sources at {@code commit}. */
  public static VerificationDocument of(Verification verification, String commit) {
    Map<String, String> formulas = new LinkedHashMap<>();
    for (BoundFormula formula : BoundFormula.values()) {
      formulas.put(formula.symbol(), formula.text());
    }
    return new VerificationDocument(verification.device(), verification.description(), commit,
        verification.facts().orElse(null), verification.seed(), verification.milliseconds(), verification.holds(),
        verification.count(CaseOutcome.PASSED), verification.count(CaseOutcome.FAILED),
        verification.count(CaseOutcome.REFUSED),
        verification.groups().stream().map(GroupSummary::of).toList(), AccuracySummary.of(verification), formulas,
        summaries(verification, CaseOutcome.FAILED), summaries(verification, CaseOutcome.REFUSED));
  }

  private static List<CaseSummary> summaries(Verification verification, CaseOutcome outcome) {
    return verification.cases(outcome).stream().map(CaseSummary::of).toList();
  }
}
