package dev.temper.kernel.device;

/**
 * The resources of a kernel, and the blocks that the device runs at once.
 *
 * @param registers registers of a thread; 0 on a device without registers
 * @param localBytes bytes of local memory of a thread
 * @param residentBlocks blocks that run at once on a multiprocessor
 * @param deviceBlocks blocks that run at once on the device, a multiple of the kernel's cluster; 0 if it is unknown
 */
public record Occupancy(int registers, int localBytes, int residentBlocks, long deviceBlocks) {}
