/**
 * The command line: one class for each verb, all picocli. It reads options and files, calls the rooms that do the work
 * and prints what they return; it may call every room, and no room calls it.
 */
@NullMarked
package dev.temper.tools.cli;

import org.jspecify.annotations.NullMarked;
