/**
 * This package holds the code behind the API: the checks of every call and the search for an engine by name.
 *
 * <p>The package calls {@code dev.temper} and {@code dev.temper.spi}. Only engines and prepared losses of {@code
 * dev.temper} call it, with the exception of six classes that every package may call. {@code Names} and {@code Shapes}
 * hold common messages. {@code HostMemory} checks host memory. {@code TrustedFiles}, {@code TemporaryFiles} and {@code
 * AtomicFile} hold the rules for files that processes share.
 */
@NullMarked
package dev.temper.internal;

import org.jspecify.annotations.NullMarked;
