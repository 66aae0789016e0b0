/**
 * What a kernel is: its specialisation ({@link dev.temper.kernel.spec.Specialisation}), the structs that it reads and writes, and the
 * list of specialisations that the gates compile.
 *
 * <p>May call {@code dev.temper}, {@code dev.temper.spi} and {@code dev.temper.kernel.plan}.
 */
@NullMarked
package dev.temper.kernel.spec;

import org.jspecify.annotations.NullMarked;
