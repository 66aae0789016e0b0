/**
 * This package verifies a device. A seeded grid of cases ({@link dev.temper.tools.verify.CaseGrid}) runs through the
 * public API ({@link dev.temper.LossEngine}), and each element is compared with the f64 reference within a written
 * error bound ({@link dev.temper.tools.verify.CaseGroup#bound()}).
 *
 * <p>The package calls the API, its diagnostics, and the reference. It uses no engine by its class, and writes no
 * files.
 */
@NullMarked
package dev.temper.tools.verify;

import org.jspecify.annotations.NullMarked;
