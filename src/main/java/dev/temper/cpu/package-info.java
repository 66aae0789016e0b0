/**
 * The multi-threaded CPU engine: {@code native/cpu} through the foreign function API, one call into the library for one call of a
 * loss. It shares the divergences with the CUDA kernels (kernels/divergence). Calls the API and the SPI only.
 */
@NullMarked
package dev.temper.cpu;

import org.jspecify.annotations.NullMarked;
