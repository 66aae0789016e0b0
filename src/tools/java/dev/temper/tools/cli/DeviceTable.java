package dev.temper.tools.cli;

/** Which device computes which losses, in the words of README and of the library's Javadoc. */
final class DeviceTable {

  /** A table of fixed width. */
  static final String TEXT = """
        loss or option                                cpu  cuda  emulator  reference
        forward-kl, jsd:B, cross-entropy              yes  yes   yes       yes
        reverse-kl, mixed:L, skew-forward-kl:A,       no   no    no        yes
        skew-reverse-kl:A, tvd, logit-mse
        label smoothing, softcap, teacher temperature no   no    no        yes""";

  private DeviceTable() {}
}
