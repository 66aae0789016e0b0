/**
 * The code behind the API: the checks that every call passes before an engine sees it, and the search for an engine by name.
 *
 * <p>May call {@code dev.temper} and {@code dev.temper.spi}. Only {@code LossEngine}, its diagnostics and {@code PreparedLoss} call it, and in its
 * {@code Names} and {@code Shapes}, which use no type of the API, every room finds the same words for the same mistake.
 */
@NullMarked
package dev.temper.internal;

import org.jspecify.annotations.NullMarked;
