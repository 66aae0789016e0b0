package dev.temper.tools.cli;

/** Which device computes which losses, in the words of README and of the library's Javadoc. */
final class DeviceTable {

  /** A table of fixed width, for a help page. */
  static final String TEXT = """
        loss or option                                 cpu  cuda  emulator  reference
        forward-kl, reverse-kl, mixed:L, jsd:B,
        skew-forward-kl:A, skew-reverse-kl:A, tvd,
        nla, logit-mse, cross-entropy                  yes  yes   yes       yes
        label smoothing, z-loss, softcap, teacher
        softcap, standardised logits, teacher
        temperature, ignore scope, soft cross-entropy  yes  yes   yes       yes
        dkd:A,B                                        yes  yes   yes       yes""";

  private DeviceTable() {}
}
