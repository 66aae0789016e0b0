/**
 * The public API: what a distillation loss is ({@link dev.temper.DistillationLoss}), the memory it reads and writes
 * ({@link dev.temper.MatrixView}, {@link dev.temper.RowVector}) and the engine that computes it
 * ({@link dev.temper.LossEngine}).
 *
 * <p>This package knows no engine by name: engines are found through {@link dev.temper.spi.EngineProvider}. It calls
 * {@code dev.temper.diagnostics}, {@code dev.temper.spi}, {@code dev.temper.internal} and {@code dev.temper.head} only.
 *
 * <table>
 * <caption>Which device computes which losses today</caption>
 * <tr><th>loss or option</th><th>cpu</th><th>cuda</th><th>emulator</th><th>reference</th></tr>
 * <tr><td>forward-kl, reverse-kl, mixed:L, jsd:B, skew-forward-kl:A, skew-reverse-kl:A, tvd, nla, logit-mse,
 * cross-entropy</td><td>yes</td><td>yes</td><td>yes</td><td>yes</td></tr>
 * <tr><td>label smoothing, z-loss, softcap, teacher softcap, standardised logits, teacher temperature, ignore scope,
 * soft cross-entropy</td><td>yes</td><td>yes</td><td>yes</td><td>yes</td></tr>
 * <tr><td>dkd:A,B</td><td>yes</td><td>yes</td><td>yes</td><td>yes</td></tr>
 * </table>
 */
@NullMarked
package dev.temper;

import org.jspecify.annotations.NullMarked;
