package dev.temper.kernel.device;

/**
 * What a kernel takes of a multiprocessor.
 *
 * @param registers of a thread; 0 where the device has none to count
 * @param localBytes bytes of a thread that did not fit into its registers
 * @param residentBlocks blocks that a multiprocessor runs at once
 */
public record Occupancy(int registers, int localBytes, int residentBlocks) {}
