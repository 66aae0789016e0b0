package dev.temper.internal;

import dev.temper.spi.EngineBackend;

/**
 * Describes a device that was opened by name.
 *
 * @param name name by which the device was opened
 * @param selection reason for this device in one sentence
 * @param backend backend that computes on the device
 */
public record OpenedDevice(String name, String selection, EngineBackend backend) {}
