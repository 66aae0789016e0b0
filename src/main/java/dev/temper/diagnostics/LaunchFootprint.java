package dev.temper.diagnostics;

import dev.temper.PreparedLoss;

/**
 * What the loss kernel of a {@link PreparedLoss} takes of each multiprocessor: what explains its speed beside that of
 * another plan.
 *
 * @param plan how rows are spread over the device, as {@link EngineDiagnostics#plans} lists it
 * @param threads of a block
 * @param registers of a thread; 0 where the device has none to count
 * @param localBytes bytes of a thread that did not fit into its registers
 * @param sharedBytes dynamic shared memory of a block
 * @param residentBlocks blocks that a multiprocessor runs at once
 * @param bytesInFlight bytes of logits that these blocks keep, or have on their way, at once
 */
public record LaunchFootprint(
    String plan, int threads, int registers, int localBytes, long sharedBytes, int residentBlocks,
    long bytesInFlight) {}
