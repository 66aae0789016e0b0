package dev.temper.diagnostics;

/**
 * A row plan that was stored in the file of tuned plans.
 *
 * @param file path of the file with tuned plans
 * @param before name of the replaced plan for the same losses on this device; empty if the file had none
 */
public record KeptPlan(String file, String before) {}
