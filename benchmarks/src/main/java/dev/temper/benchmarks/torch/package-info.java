/** PyTorch as a peer and as a second reference: views of its tensors without a copy, and the loss in its operators. */
@NullMarked
package dev.temper.benchmarks.torch;

import org.jspecify.annotations.NullMarked;
