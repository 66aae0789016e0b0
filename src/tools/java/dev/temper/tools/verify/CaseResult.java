package dev.temper.tools.verify;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The result of one case.
 *
 * @param group the statement that the case checks
 * @param name unique name
 * @param classes number of classes; 0 if the case computes no loss
 * @param outcome whether it passed
 * @param notes the first mismatches, or the reason of the refusal
 * @param mismatches number of elements outside their bounds
 * @param compared number of elements and facts compared
 * @param worst the element nearest its bound; null if no finite element was compared
 * @param accuracy errors of value and gradient; null outside the group {@link CaseGroup#ACCURACY}
 * @param command the command that runs this case alone
 */
public record CaseResult(
    CaseGroup group,
    String name,
    int classes,
    CaseOutcome outcome,
    List<String> notes,
    long mismatches,
    long compared,
    Comparison.@Nullable Worst worst,
    @Nullable CaseAccuracy accuracy,
    String command) {
}
