/**
 * PyTorch as a peer and as a second oracle: views of its tensors without a copy, and the loss as people write it there.
 */
@NullMarked
package dev.temper.benchmarks.torch;

import org.jspecify.annotations.NullMarked;
