package dev.temper.kernel.device;

/**
 * What a kernel takes of a multiprocessor, and of the device.
 *
 * @param registers of a thread; 0 where the device has none to count
 * @param localBytes bytes of a thread that did not fit into its registers
 * @param residentBlocks blocks that a multiprocessor runs at once
 * @param deviceBlocks blocks that the device runs at once, a multiple of the kernel's cluster; 0 where the driver does not tell
 */
public record Occupancy(int registers, int localBytes, int residentBlocks, long deviceBlocks) {}
