package dev.temper.diagnostics;

import dev.temper.PreparedLoss;

/**
 * The resources that the loss kernel of a {@link PreparedLoss} takes of each multiprocessor. They explain differences
 * in speed between plans.
 *
 * @param plan how rows are spread over the device, as {@link EngineDiagnostics#plans} lists it
 * @param threads threads of a block
 * @param registers registers of a thread; 0 on the emulator
 * @param localBytes local memory of a thread, for values that did not fit into its registers
 * @param sharedBytes dynamic shared memory of a block
 * @param residentBlocks blocks that a multiprocessor runs at once
 * @param bytesInFlight bytes of logits that these blocks hold or have in flight at once
 */
public record LaunchFootprint(
    String plan, int threads, int registers, int localBytes, long sharedBytes, int residentBlocks,
    long bytesInFlight) {}
