package dev.temper.tools.cli;

import picocli.CommandLine.IVersionProvider;

/** The version in the manifest of the jar. */
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
