package dev.temper.tools.verify;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What came of one case.
 *
 * @param group what the case is about
 * @param name unique name
 * @param classes number of classes; 0 where it computes no loss
 * @param outcome how it ended
 * @param notes the first mismatches, or why the device refused
 * @param mismatches how many elements differed
 * @param compared elements and facts compared
 * @param worst element that came closest to its bound; null where nothing finite was compared
 * @param command runs this case alone
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
    String command) {
}
