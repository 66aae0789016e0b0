package dev.temper.diagnostics;

/**
 * A row plan that was kept.
 *
 * @param file path of the file with tuned plans
 * @param before name of the plan that the file had for the same losses on this device; empty if it had none
 */
public record KeptPlan(String file, String before) {}
