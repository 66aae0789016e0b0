package dev.temper;

/**
 * The memory that a call with a {@link LinearHead} uses beside the caller's tensors. The products have further buffers.
 * On the CPU they take at most 64 MiB for partial sums, and 12 MiB for each thread for BF16 and F16. On a GPU they take
 * 32 MiB for cuBLAS (4 MiB below compute capability 9.0), and copies of tensors in host memory.
 *
 * @param limit bytes that {@link EngineOptions#withHeadWorkspace} allows for the chunks
 * @param bytesPerRow bytes that each row of a chunk needs
 * @param bytes bytes of the chunks in use
 * @param chunkRows rows of the largest chunk
 * @param chunks number of chunks
 * @param accumulatorBytes bytes of the f32 sums of weight and bias gradients in BF16 or F16, which the limit does not
 *     count; 0 for F32 gradients and for a single chunk
 * @param products the library of the products, such as {@code cuBLAS 12.9 through JCublas}
 */
public record HeadWorkspace(long limit, long bytesPerRow, long bytes, long chunkRows, long chunks,
    long accumulatorBytes, String products) {}
