/**
 * This package is the public API: the description of a distillation loss ({@link dev.temper.DistillationLoss}), views
 * of memory ({@link dev.temper.MatrixView}, {@link dev.temper.RowVector}) and the engine that computes the loss ({@link
 * dev.temper.LossEngine}).
 *
 * <p>Engines are found through {@link dev.temper.spi.EngineProvider}, so the package refers to no engine. It calls
 * {@code dev.temper.diagnostics}, {@code dev.temper.spi}, {@code dev.temper.internal} and {@code dev.temper.head} only.
 *
 * <table>
 * <caption>Which device computes which losses today</caption> <tr><th>loss or
 * option</th><th>cpu</th><th>cuda</th><th>emulator</th><th>reference</th></tr> <tr><td>forward-kl, reverse-kl, mixed:L,
 * jsd:B, skew-forward-kl:A, skew-reverse-kl:A, tvd, nla, logit-mse,
 * cross-entropy</td><td>yes</td><td>yes</td><td>yes</td><td>yes</td></tr> <tr><td>label smoothing, z-loss, softcap,
 * teacher softcap, standardised logits, teacher temperature, ignore scope, soft
 * cross-entropy</td><td>yes</td><td>yes</td><td>yes</td><td>yes</td></tr>
 * <tr><td>dkd:A,B</td><td>yes</td><td>yes</td><td>yes</td><td>yes</td></tr>
 * </table>
 */
@NullMarked
package dev.temper;

import org.jspecify.annotations.NullMarked;
