package dev.temper.kernel.run;

/**
 * The memory that the launch of a chunk shares with its batch, by device addresses.
 *
 * @param status result of the check of all rows
 * @param firstRow first row of the chunk in the batch
 * @param rowTemperatureGradient derivatives of the chunk's rows with respect to the temperature; 0 if they are not
 *     computed
 * @param columnsTaken bits of the columns in a class map; 0 without one
 */
record SharedBatch(long status, long firstRow, long rowTemperatureGradient, long columnsTaken) {}
