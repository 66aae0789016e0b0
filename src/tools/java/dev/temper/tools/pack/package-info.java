/**
 * This package makes a folder that runs on a machine without JDK, Maven and network, such as a bare GPU host: a Java
 * runtime of the required modules ({@link dev.temper.tools.pack.JavaRuntime}), the jars, and the scripts of {@code
 * packaging/} and {@code benchmarks/gpu/}.
 *
 * <p>The package calls {@code tools.files}.
 */
@NullMarked
package dev.temper.tools.pack;

import org.jspecify.annotations.NullMarked;
