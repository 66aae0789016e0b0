package dev.temper.tools.cli;

/** Which device computes which losses, in the words of README and of the library's Javadoc. */
final class DeviceTable {

  /** A table of fixed width, for a help page. */
  static final String TEXT = """
        loss or option                                 cpu  cuda  emulator  reference
        forward-kl, jsd:B, cross-entropy               yes  yes   yes       yes
        reverse-kl, mixed:L, skew-forward-kl:A,
        skew-reverse-kl:A, tvd, logit-mse              no   no    no        yes
        label smoothing, softcap, teacher temperature  no   no    no        yes""";

  private DeviceTable() {}
}
