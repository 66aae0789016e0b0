/**
 * Makes a folder that runs on a machine without JDK, Maven and network, such as a bare GPU host: a Java runtime of the modules that
 * are needed ({@link dev.temper.tools.pack.JavaRuntime}), the jars, and the scripts of {@code packaging/} and {@code benchmarks/gpu/}.
 *
 * <p>Calls no other room.
 */
@NullMarked
package dev.temper.tools.pack;

import org.jspecify.annotations.NullMarked;
