package dev.temper.diagnostics;

/**
 * Measured times of a row plan and of the default plan, which the engine has without measurements.
 *
 * @param plan name of the plan
 * @param milliseconds time of a launch with it
 * @param defaultPlan name of the default plan; may be the same
 * @param defaultMilliseconds time of a launch with the default plan
 */
public record PlanTimes(String plan, double milliseconds, String defaultPlan, double defaultMilliseconds) {}
