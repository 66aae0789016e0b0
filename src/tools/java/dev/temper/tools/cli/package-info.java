/**
 * This package holds the command line, with a picocli class for each verb. A verb reads options and files, calls the
 * packages that do the work and prints their results. The package may call every other package, and no package calls
 * it.
 */
@NullMarked
package dev.temper.tools.cli;

import org.jspecify.annotations.NullMarked;
