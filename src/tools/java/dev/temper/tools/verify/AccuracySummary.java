package dev.temper.tools.verify;

import com.fasterxml.jackson.annotation.JsonInclude;
import dev.temper.DType;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.function.Function;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * The errors of one divergence with one dtype over the cases of the group {@link CaseGroup#ACCURACY}. Cases that the
 * device refuses are left out.
 *
 * <p>The distance of an element of the gradient in units in the last place is {@code |found - expected| / spacing},
 * where {@code expected} is the f64 reference before any rounding. The spacing is that of the dtype's numbers in the
 * interval {@code [2^k, 2^(k+1))} of {@code |expected|}. Below the smallest normal number, and at 0, the spacing is
 * that of the subnormal numbers. An element whose expected value is not finite does not count. The nearest number of
 * the dtype is at most 0.5 away.
 *
 * @param divergence name of the divergence
 * @param dtype dtype of student, teacher and gradient, such as {@code f32}
 * @param cases number of cases
 * @param valueError error of the soft loss of a row nearest its bound; null if no finite one was compared
 * @param valueBound bound of that soft loss
 * @param gradientError error of the element of the gradient nearest its bound; null if no finite one was compared
 * @param gradientBound bound of that element
 * @param elements number of elements of the gradients that the following numbers cover
 * @param meanUlp mean distance
 * @param p99Ulp the smallest distance that 99 % of the elements do not exceed
 * @param worstUlp largest distance
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
public record AccuracySummary(
    String divergence,
    String dtype,
    int cases,
    @Nullable Double valueError,
    @Nullable Double valueBound,
    @Nullable Double gradientError,
    @Nullable Double gradientBound,
    int elements,
    double meanUlp,
    double p99Ulp,
    double worstUlp) {

  private record Key(String divergence, DType dtype) {}

  /** One summary for each divergence and dtype, in the order of the grid; empty if no case measured its accuracy. */
  static List<AccuracySummary> of(Verification verification) {
    Map<Key, List<CaseAccuracy>> cases = new LinkedHashMap<>();
    for (GroupResult group : verification.groups()) {
      for (CaseResult result : group.cases()) {
        CaseAccuracy one = result.accuracy();
        if (one != null) {
          cases.computeIfAbsent(new Key(one.divergence(), one.dtype()), key -> new ArrayList<>()).add(one);
        }
      }
    }
    return cases.entrySet().stream().map(entry -> of(entry.getKey(), entry.getValue())).toList();
  }

  private static AccuracySummary of(Key key, List<CaseAccuracy> cases) {
    double[] ulps = cases.stream().map(CaseAccuracy::ulps)
        .flatMapToDouble(all -> IntStream.range(0, all.length).mapToDouble(i -> all[i]))
        .sorted().toArray();
    Comparison.Worst value = worst(cases, CaseAccuracy::value);
    Comparison.Worst gradient = worst(cases, CaseAccuracy::gradient);
    double sum = 0;
    for (double distance : ulps) {
      sum += distance;
    }
    return new AccuracySummary(key.divergence(), key.dtype().name().toLowerCase(Locale.ROOT), cases.size(),
        value == null ? null : value.error(), value == null ? null : value.bound(),
        gradient == null ? null : gradient.error(), gradient == null ? null : gradient.bound(), ulps.length,
        ulps.length == 0 ? 0 : sum / ulps.length, percentile(ulps, 0.99), percentile(ulps, 1));
  }

  private static Comparison.@Nullable Worst worst(List<CaseAccuracy> cases,
      Function<CaseAccuracy, Comparison.@Nullable Worst> part) {
    return cases.stream().map(part).filter(Objects::nonNull)
        .max(Comparator.comparingDouble(Comparison.Worst::share)).orElse(null);
  }

  /** Returns the nearest rank: the smallest number that at least this share of the sorted numbers do not exceed. */
  private static double percentile(double[] sorted, double share) {
    return sorted.length == 0 ? 0 : sorted[(int) Math.ceil(share * sorted.length) - 1];
  }
}
