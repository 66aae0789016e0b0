/**
 * Does a device compute the right numbers? A seeded grid of cases ({@link dev.temper.tools.verify.CaseGrid}) runs through the public
 * API ({@link dev.temper.LossEngine}) and is compared, strictly and element by element, with the f64 reference inside written
 * error bounds ({@link dev.temper.tools.verify.CaseGroup#bound()}).
 *
 * <p>May call the API and the reference, which is its oracle; knows no engine. Writes no files: the command line does.
 */
@NullMarked
package dev.temper.tools.verify;

import org.jspecify.annotations.NullMarked;
