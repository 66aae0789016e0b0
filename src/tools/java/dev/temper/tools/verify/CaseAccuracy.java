package dev.temper.tools.verify;

import dev.temper.DType;
import org.jspecify.annotations.Nullable;

/**
 * The errors of one case of the group {@link CaseGroup#ACCURACY}.
 *
 * @param divergence name of the divergence
 * @param dtype dtype of student, teacher and gradient
 * @param value the soft loss of a row nearest its bound; null if no finite one was compared
 * @param gradient the element of the gradient nearest its bound; null if no finite one was compared
 * @param ulps distance of each finite element of the gradient in units in the last place, see {@link Precision#ulp}
 */
@SuppressWarnings("ArrayRecordComponent") // the array is read by one summary
record CaseAccuracy(
    String divergence,
    DType dtype,
    Comparison.@Nullable Worst value,
    Comparison.@Nullable Worst gradient,
    float[] ulps) {
}
