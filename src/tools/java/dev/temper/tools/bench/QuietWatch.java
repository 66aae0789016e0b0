package dev.temper.tools.bench;

/**
 * Observes the machine from {@link #begin} to {@link #end}: a spin test at both ends, and the processor time between.
 */
public final class QuietWatch {

  private final double spinBefore;
  private final ProcessorTime before;

  private QuietWatch(double spinBefore, ProcessorTime before) {
    this.spinBefore = spinBefore;
    this.before = before;
  }

  /** Starts an observation; takes about a quarter of a second. */
  public static QuietWatch begin() {
    double spin = SpinTest.imbalance();
    return new QuietWatch(spin, ProcessorTime.now());
  }

  /** The observation so far, without a second spin test. */
  public Quietness soFar() {
    ProcessorTime spent = ProcessorTime.now().since(before);
    return new Quietness(spinBefore, Double.NaN, spent.stolenShare(), spent.othersShare());
  }

  /** The whole observation; takes about a quarter of a second. */
  public Quietness end() {
    ProcessorTime spent = ProcessorTime.now().since(before);
    return new Quietness(spinBefore, SpinTest.imbalance(), spent.stolenShare(), spent.othersShare());
  }
}
