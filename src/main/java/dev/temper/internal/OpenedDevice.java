package dev.temper.internal;

import dev.temper.spi.EngineBackend;

/**
 * A device that was found by name.
 *
 * @param name the name by which it was opened
 * @param selection why this device was taken, in one sentence
 * @param backend what computes there
 */
public record OpenedDevice(String name, String selection, EngineBackend backend) {}
