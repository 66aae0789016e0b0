package dev.temper.kernel.run;

/**
 * What the launch of a chunk shares with the batch that its rows belong to. Addresses are those of the device.
 *
 * @param status result of the check of all rows
 * @param firstRow first row of the chunk in the batch
 * @param rowTemperatureGradient derivatives of the chunk's rows by the temperature; 0 if they are not wanted
 * @param columnsTaken bits of the columns in a class map; 0 without one
 */
record SharedBatch(long status, long firstRow, long rowTemperatureGradient, long columnsTaken) {}
