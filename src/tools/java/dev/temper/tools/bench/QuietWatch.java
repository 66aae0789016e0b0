package dev.temper.tools.bench;

/** Watches the machine from {@link #begin} to {@link #end}: spins on all cores at both ends, counts processor time between. */
public final class QuietWatch {

  private final double spinBefore;
  private final ProcessorTime before;

  private QuietWatch(double spinBefore, ProcessorTime before) {
    this.spinBefore = spinBefore;
    this.before = before;
  }

  /** Takes about a quarter of a second. */
  public static QuietWatch begin() {
    double spin = SpinTest.imbalance();
    return new QuietWatch(spin, ProcessorTime.now());
  }

  /** What was seen so far, without a second spin. */
  public Quietness soFar() {
    ProcessorTime spent = ProcessorTime.now().since(before);
    return new Quietness(spinBefore, Double.NaN, spent.stolenShare(), spent.othersShare());
  }

  /** What was seen since the beginning; takes about a quarter of a second. */
  public Quietness end() {
    ProcessorTime spent = ProcessorTime.now().since(before);
    return new Quietness(spinBefore, SpinTest.imbalance(), spent.stolenShare(), spent.othersShare());
  }
}
