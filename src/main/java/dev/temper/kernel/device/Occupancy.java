package dev.temper.kernel.device;

/**
 * What a kernel uses of a multiprocessor and of the device.
 *
 * @param registers registers of a thread; 0 on a device without registers
 * @param localBytes bytes of local memory of a thread
 * @param residentBlocks blocks that run at once on a multiprocessor
 * @param deviceBlocks blocks that run at once on the device, a multiple of the kernel's cluster; 0 if the driver does
 *     not say
 */
public record Occupancy(int registers, int localBytes, int residentBlocks, long deviceBlocks) {}
