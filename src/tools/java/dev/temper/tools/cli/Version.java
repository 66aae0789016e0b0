package dev.temper.tools.cli;

import picocli.CommandLine.IVersionProvider;

/** The version that the jar's manifest carries. */
final class Version implements IVersionProvider {

  static String current() {
    String version = Temper.class.getPackage().getImplementationVersion();
    return version == null ? "development" : version;
  }

  @Override
  public String[] getVersion() {
    return new String[] {"temper " + current() + " (Java " + Runtime.version() + ")"};
  }
}
