/**
 * The code behind the API: the checks that every call passes before an engine sees it, and the search for an engine by
 * name.
 *
 * <p>May call {@code dev.temper} and {@code dev.temper.spi}. Only the engine and its prepared losses call it,
 * except for the classes that use no type of the API, which every room may call: {@code Names} and {@code Shapes} hold
 * the same words for the same mistake, {@code TrustedFiles} and {@code TemporaryFiles} the rules for files that
 * processes share.
 */
@NullMarked
package dev.temper.internal;

import org.jspecify.annotations.NullMarked;
